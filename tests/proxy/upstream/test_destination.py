from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from proxy.errors import BadRequest
from proxy.upstream.destination import Destination
from proxy.upstream.egress import LABELS, NO_TEXT
from routing_rules import NO_LABELS
from tests.fakes.rule_files import target

CLIENT = {
    "authorization": "Bearer sk-app",
    "cookie": "a=b",
    "origin": "http://page.example",
    "host": "localhost:8000",
    "user-agent": "OpenAI/Python",
    "x-stainless-lang": "python",
    "x-wye-label": "private",
    "x-request-id": "mine",
    "accept": "text/html",
    "accept-encoding": "gzip",
    "content-type": "text/plain",
    "content-length": "5",
    "transfer-encoding": "chunked",
    "connection": "upgrade",
    "x-forwarded-for": "1.2.3.4",
    "openai-organization": "org-app",
    "openai-beta": "assistants=v2",
    "idempotency-key": "k1",
    "x-mine": "yes",
}
OURS = {
    "host": "up.example",
    "accept": "application/json",
    "accept-encoding": "identity",
    "user-agent": "wye/test",
    "via": "1.1 wye-me",
    "content-type": "application/json",
    "content-length": "2",
}


def post(client: Mapping[str, str] = CLIENT, *, key: str | None = None, model: str = "m", **more: Any) -> httpx.Request:
    made = target(**{"url": "https://up.example/v1", **more})
    return Destination(made, key, "wye/test", "wye-me").post(
        "/chat/completions", b"{}", model=model, labels=frozenset({"private"}), client=client
    )


@pytest.mark.parametrize(
    ("more", "added"),
    [
        ({}, {}),
        ({"kind": "ollama"}, {}),
        ({"kind": "openai"}, {"openai-beta": "assistants=v2", "idempotency-key": "k1"}),
        ({"pass_headers": ["X-Mine", "x-absent"]}, {"x-mine": "yes"}),
        ({"key": "sk-up"}, {"authorization": "Bearer sk-up"}),
        ({"key": "sk-up", "auth": "header:Api-Key"}, {"api-key": "sk-up"}),
        ({"organization": "org", "project": "proj"}, {"openai-organization": "org", "openai-project": "proj"}),
        ({"headers": {"X-Extra": "1", "User-Agent": "mine"}}, {"x-extra": "1", "user-agent": "mine"}),
    ],
)
def test_only_what_the_allow_list_names_goes_up(more: dict[str, Any], added: dict[str, str]) -> None:
    key = more.pop("key", None)
    assert dict(post(key=key, **more).headers) == {**OURS, **added}


@pytest.mark.parametrize("name", ["authorization", "content-type", "accept-encoding", "user-agent", "via"])
def test_what_is_passed_on_never_stands_in_for_ours(name: str) -> None:
    request = post(key="sk-up", pass_headers=[name])
    assert request.headers[name] == {**OURS, "authorization": "Bearer sk-up"}[name]


def test_without_a_key_there_is_none_and_the_clients_is_not_taken() -> None:
    assert "authorization" not in post().headers


def test_a_byte_that_is_no_ascii_goes_up_as_it_came() -> None:
    request = post({"openai-beta": "caf\u00e9"}, kind="openai")
    assert (b"openai-beta", "caf\u00e9".encode("latin-1")) in request.headers.raw


@pytest.mark.parametrize(
    ("more", "model", "url"),
    [
        ({}, "m", "https://up.example/v1/chat/completions"),
        ({"url": "https://up.example/v1/"}, "m", "https://up.example/v1/chat/completions"),
        ({"url": "http://[::1]:11434/v1"}, "m", "http://[::1]:11434/v1/chat/completions"),
        (
            {"query": {"api-version": "2024-10-21"}},
            "m",
            "https://up.example/v1/chat/completions?api-version=2024-10-21",
        ),
        (
            {"url": "https://a.azure.example/openai/deployments/{model}", "query": {"api-version": "1"}},
            "gpt 4o/x?y",
            "https://a.azure.example/openai/deployments/gpt%204o%2Fx%3Fy/chat/completions?api-version=1",
        ),
        ({"url": "https://a.example/{model}"}, "../../admin", "https://a.example/..%2F..%2Fadmin/chat/completions"),
    ],
)
def test_a_url_is_the_targets_and_its_model_cannot_leave_its_place(more: dict[str, Any], model: str, url: str) -> None:
    assert str(post(model=model, **more).url) == url


def test_the_labels_and_the_time_limits_travel_with_the_request() -> None:
    request = post(timeouts={"connect": "2s", "idle": "3s", "total": "4s"})
    assert request.extensions[LABELS] == frozenset({"private"})
    assert request.extensions["timeout"] == {"connect": 2, "read": 4, "write": 3, "pool": 2}
    assert (request.method, request.content) == ("POST", b"{}")


def test_no_labels_are_labels_too() -> None:
    request = Destination(target(), None, "a", "v").post("/x", b"", model="m", labels=NO_LABELS, client={})
    assert request.extensions[LABELS] == frozenset()


def test_a_probe_says_that_it_holds_nobodys_text() -> None:
    made = target(url="https://up.example/v1", headers={"x-extra": "1"})
    request = Destination(made, "sk-up", "wye/test", "wye-me").get("/models")
    assert (request.method, str(request.url), request.content) == ("GET", "https://up.example/v1/models", b"")
    assert request.extensions[LABELS] is NO_TEXT
    assert (request.headers["authorization"], request.headers["x-extra"]) == ("Bearer sk-up", "1")


@pytest.mark.parametrize("model", ["", ".", "..", "..."])
def test_a_model_that_would_climb_out_of_its_place_is_none(model: str) -> None:
    with pytest.raises(BadRequest) as caught:
        post(model=model, url="https://a.example/{model}")
    assert (caught.value.param, caught.value.code) == ("model", "model_not_found")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://here:11434/v1", "http://here:11434/api/version?a=b"),
        ("http://here:11434/v1/", "http://here:11434/api/version?a=b"),
        ("https://gateway/ollama/v1", "https://gateway/ollama/api/version?a=b"),
        ("http://here:11434", "http://here:11434/api/version?a=b"),
    ],
)
def test_a_question_beside_openais_paths_goes_to_the_root_of_the_server(url: str, expected: str) -> None:
    made = target(url=url, query={"a": "b"})
    request = Destination(made, "sk-up", "wye/test", "wye-me").get_native("/api/version")
    assert (request.method, str(request.url), request.content) == ("GET", expected, b"")
    assert request.extensions[LABELS] is NO_TEXT
    assert request.headers["authorization"] == "Bearer sk-up"
