import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.command_files import RULES, run, write

SECRET = "my password is hunter2"


@pytest.fixture(autouse=True)
def _file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("wye.toml", RULES)


def verdict(*arguments: str, said: bytes | str | None = None) -> str:
    result = run("explain", "wye.toml", *arguments, said=said)
    assert result.exit_code == 0, result.output
    return result.output.splitlines()[0]


def data(*arguments: str, said: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("explain", "wye.toml", "--json", *arguments, said=said).output)
    return found


@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        ((), "It goes to local:llama3.2, by the rule “the rest stays”."),
        (
            ("--model", "gpt-4o", "--prompt", "hi"),
            "It goes to cloud:gpt-4o, by the rule “big models go out”; should that fail, to local:llama3.2.",
        ),
        (
            ("--model", "gpt-4o", "--prompt", SECRET),
            (
                "It goes to local:llama3.2, by the rule “big models go out”. Not to cloud, which does not accept "
                "private. It is labelled private: it holds a secret."
            ),
        ),
        (
            ("--model", "gpt-4o", "--down", "cloud"),
            "It goes to local:llama3.2, by the rule “big models go out”. cloud comes before it, but is down.",
        ),
        (
            ("--prompt", SECRET, "--down", "local"),
            (
                "Nobody can answer (503): local:llama3.2 may have it, by the rule “the rest stays”, but is down. "
                "It is labelled private: it holds a secret."
            ),
        ),
        (
            ("--model", "cloud:gpt-4o", "--prompt", SECRET),
            (
                "It is refused (403): the request names the target 'cloud', and cloud does not accept private. "
                "Nothing is sent. It is labelled private: it holds a secret."
            ),
        ),
        (("--model", "fast"), "It goes to local:llama3.2, because the alias 'fast' stands for the target 'local'."),
        (
            ("--header", "x-wye-force-provider=gpu"),
            "It goes to gpu:mistral, because the request names the target 'gpu'.",
        ),
        (
            ("--header", "x-wye-label=board", "--header", "X-Team=hr"),
            (
                "It goes to local:llama3.2, by the rule “the rest stays”. It is labelled board: the x-wye-label "
                "header. It is labelled hr: header.x-team \"hr\": 'hr'."
            ),
        ),
    ],
)
def test_the_first_line_says_what_becomes_of_it_and_why(arguments: tuple[str, ...], first: str) -> None:
    assert verdict(*arguments) == first


def test_a_body_comes_from_a_file_or_from_standard_input() -> None:
    body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": SECRET}]})
    write("body.json", body)
    assert verdict("--body", "body.json") == verdict("--model", "gpt-4o", "--prompt", SECRET)
    assert verdict("--body", "-", said=body) == verdict("--body", "body.json")
    assert "labelled" not in verdict("--body", "body.json", "--prompt", "hi")


def test_what_an_upstream_would_fetch_is_refused_where_there_are_labels() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://example.com/passport.png"}}
    content = [image, {"type": "text", "text": SECRET}]
    body = json.dumps({"messages": [{"role": "user", "content": content}]})
    assert verdict("--body", "-", said=body) == (
        "It is refused (400): a request labelled private may not have an upstream fetch a URL or run a tool of its "
        "own, and messages[0].content[0].image_url would. Nothing is sent. It is labelled private: it holds a "
        "secret."
    )
    assert data("--body", "-", said=body)["status"] == 400


def test_where_clients_may_not_name_a_target_it_says_so() -> None:
    write("wye.toml", '[server]\ndirect = "deny"\n' + RULES)
    assert verdict("--model", "cloud:gpt-4o") == (
        "It is refused (403): the request names the target 'cloud', and cloud may not be named by clients here "
        "([server] direct). Nothing is sent."
    )


def test_a_model_that_nobody_has_is_a_404() -> None:
    write("wye.toml", RULES.replace('use = ["local"]', 'use = ["cloud"]'))
    assert verdict("--model", "llama").startswith(
        "It is refused (404): the rule “the rest stays” decides, and cloud has no model of that name"
    )
    assert data("--model", "llama")["status"] == 404


def test_programs_read_labels_rules_candidates_rewrite_and_facts() -> None:
    found = data("--model", "gpt-4o", "--prompt", SECRET, "--body", "-", said='{"user": "anna", "seed": 7}')
    assert (found["status"], found["rule"]) == (200, "big models go out")
    assert found["labels"] == [{"label": "private", "why": "it holds a secret", "detected": True}]
    assert [rule["outcome"] for rule in found["rules"]] == [
        *("does not match", "does not match", "matches", "not asked"),
    ]
    assert found["candidates"] == [
        {"target": "local", "model": "llama3.2"},
        {"target": "cloud", "struck": "does not accept private"},
    ]
    assert {change["field"]: (change["before"], change["after"]) for change in found["rewrite"]} == {
        "model": ("gpt-4o", "llama3.2"),
        "seed": (7, None),
        "temperature": (None, 0.2),
        "user": ("…", "(hashed)"),
        "messages": ("…", "Answer politely. …"),
    }
    assert found["facts"]["prompt_tokens"] > 0
    assert found["facts"]["counted_with"] == "o200k_base"
    assert found["facts"]["healthy.cloud"] == {"unknown": True}


def test_the_rewrite_is_that_for_whoever_answers() -> None:
    changes = {change["field"]: change["after"] for change in data("--model", "gpt-4o", "--down", "cloud")["rewrite"]}
    assert changes["model"] == "llama3.2"


def test_rules_and_facts_see_the_same_targets_as_down() -> None:
    assert data("--down", "cloud")["facts"]["healthy.cloud"] is False


def test_no_explanation_holds_the_text() -> None:
    for flag in ((), ("--json",)):
        assert "hunter2" not in run("explain", "wye.toml", "--model", "gpt-4o", "--prompt", SECRET, *flag).output


@pytest.mark.parametrize(
    ("arguments", "said", "code", "sentence"),
    [
        (("--body", "-"), "", 1, "the body is empty; expected a JSON object"),
        (("--body", "-"), "{", 1, "the body is not a JSON object"),
        (("--body", "-"), "[1]", 1, "the body is not a JSON object"),
        (("--body", "-"), b"\xff\xfe", 1, "the body is not a JSON object"),
        (("--body", "-"), b'{"a": "\xff"}', 1, "the body is not a JSON object"),
        (("--body", "-"), '{"messages": 5}', 1, "the request is refused (400): Invalid type for 'messages'"),
        (("--body", "-"), '{"messages": [], "messages": []}', 1, "the request is refused (400): "),
        (("--prompt", "\udcff"), "", 1, "is not UTF-8 text"),
        (("--body", "none.json"), "", 2, "No such file"),
        (("--header", "x-team"), "", 2, "'x-team' is no NAME=VALUE"),
        (("--header", "=hr"), "", 2, "is no NAME=VALUE"),
        (("--down", "cluod"), "", 2, "there is no target 'cluod'; did you mean 'cloud'?"),
        (("--header", "x-wye-force-provider=x"), "", 1, "The forced provider must be the name of a target"),
        (("--id", "wye-1"), "", 1, "this configuration has no [facts_log] path"),
        (("--id", "wye-1", "--prompt", "hi"), "", 2, "--id is about a past request"),
    ],
)
def test_what_cannot_be_explained_is_one_clear_sentence(
    arguments: tuple[str, ...], said: str, code: int, sentence: str
) -> None:
    result = run("explain", "wye.toml", *arguments, said=said)
    assert (result.exit_code, result.output.count("Error: ")) == (code, 1)
    assert sentence in result.output
    assert isinstance(result.exception, SystemExit)
