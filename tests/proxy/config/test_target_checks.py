from typing import Any

import pytest

from proxy.config.target_checks import check_target
from routing_rules import Problem, Queue, Target


def problems(**keys: Any) -> list[Problem]:
    return list(check_target("cloud", Target(**{"kind": "openai", "url": "https://api.openai.com/v1", **keys})))


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"url": "http://[::1]:8080/v1"},
        {"url": "https://me.openai.azure.com/openai/deployments/{model}", "auth": "header:api-key"},
        {"kind": "ollama", "url": "http://localhost:11434/v1/"},
        {"key": "env:OPENAI_API_KEY", "organization": "org-1", "project": "p"},
        {"key": "file:/run/secrets/key", "accepts": ("*", "eu-only"), "headers": {"x-a": "b c"}},
        {"max_in_flight": 1, "queue": Queue(size=0), "pass_headers": ("x-team",)},
    ],
)
def test_a_sound_target_has_no_problem(keys: dict[str, Any]) -> None:
    assert problems(**keys) == []


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("localhost:11434/v1", "no http://"),
        ("ftp://host/v1", "no http://"),
        ("http:///v1", "no http://"),
        ("http://host:0/v1", "no http://"),
        ("", "no http://"),
        ("http://host:99999/v1", "cannot be read"),
        ("http://[::1/v1", "cannot be read"),
        ("http://host/v1\n", "a space or a control character"),
        ("http://me:hunter2@host/v1", "a user name or password"),
        ("http://host/v1?key=hunter2", "a query"),
        ("http://host/v1#hunter2", "a fragment"),
        ("http://{model}:8080/v1", "a placeholder in the host"),
        ("http://host/v1/chat/completions", "one endpoint"),
    ],
)
def test_a_url_that_cannot_serve_is_refused_without_repeating_it(url: str, found: str) -> None:
    (problem,) = problems(url=url)
    assert problem.path == ("target", "cloud", "url")
    assert found in problem.found
    assert "hunter2" not in str(problem)


@pytest.mark.parametrize("url", ["http://localhost:11434", "http://localhost:11434/"])
def test_an_ollama_without_v1_is_told_so(url: str) -> None:
    (problem,) = problems(kind="ollama", url=url)
    assert "/v1" in problem.expected


def test_a_literal_key_is_refused_without_repeating_it() -> None:
    (problem,) = problems(key="hunter2")
    assert problem.path == ("target", "cloud", "key")
    assert "env:NAME or file:/path" in problem.expected
    assert "hunter2" not in str(problem)


@pytest.mark.parametrize("auth", ["basic", "Bearer hunter2", "header:", "header:a b", "header:host", "bearer:x", ""])
def test_how_a_key_is_sent_is_bearer_or_a_header(auth: str) -> None:
    (problem,) = problems(auth=auth)
    assert problem.path == ("target", "cloud", "auth")
    assert "hunter2" not in str(problem)


@pytest.mark.parametrize("value", ["hunter2\r\nx: y", "hunter2\0", "hünter2", "hunter2\x7f"])
def test_a_header_value_must_be_one_that_can_be_sent(value: str) -> None:
    (problem,) = problems(headers={"x-a": value})
    assert problem.path == ("target", "cloud", "headers", "x-a")
    assert "nter2" not in str(problem)


@pytest.mark.parametrize("name", ["a b", "", "x:", "x-*", "Host", "content-length", "Transfer-Encoding", "connection"])
def test_a_header_must_be_one_that_the_connection_does_not_own(name: str) -> None:
    assert [problem.path for problem in problems(headers={name: "v"})] == [("target", "cloud", "headers", name)]
    assert [problem.path for problem in problems(pass_headers=(name,))] == [("target", "cloud", "pass_headers")]


@pytest.mark.parametrize("name", ["x-wye-label", "X-Wye-Privacy-Level", "x_wye_label"])
def test_what_a_caller_says_to_wye_is_never_passed_up(name: str) -> None:
    (problem,) = problems(pass_headers=("x-team", name))
    assert problem.path == ("target", "cloud", "pass_headers")
    assert "never travels" in problem.expected


def test_a_reference_in_a_header_is_refused_since_it_would_be_sent_as_it_stands() -> None:
    (problem,) = problems(headers={"api-key": "env:AZURE_KEY"})
    assert "header:NAME" in problem.expected


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"max_in_flight": 0}, ("max_in_flight",)),
        ({"queue": Queue(size=-1)}, ("queue", "size")),
        ({"accepts": ("private", "a b")}, ("accepts",)),
        ({"accepts": ("**",)}, ("accepts",)),
        ({"organization": "a\nb"}, ("organization",)),
        ({"project": "a\nb"}, ("project",)),
    ],
)
def test_other_values_have_their_bounds(keys: dict[str, Any], path: tuple[str, ...]) -> None:
    assert [problem.path for problem in problems(**keys)] == [("target", "cloud", *path)]
