"""Asking a wye that serves why: the explanation comes in place of an answer, and nothing leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.fakes.ollama import FakeOllama
from tests.fakes.upstream import FakeOpenAI
from tests.journeys.raw import Raw, chat, chats, ready, said
from tests.wye_process import Wye, two_targets

EXPLAIN = "/wye/explain"
WORD = "quorxenblatt"
SECRET = "my password is " + "hunter2-Blue42"
RULES = """
[[rule]]
name = "the blue team"
when = { header = { x-team = "blue" }, prompt_tokens = "< 100000" }
use = ["cloud", "local"]
drop = ["tools", "prediction", "metadata", "logit_bias", "reasoning_effort", "functions", "instructions"]
hash = ["user", "safety_identifier"]
set = { stop = ["END"], seed = 7, response_format = { type = "text" } }
prompt = { prepend = { template = "house" } }
[[rule]]
name = "large"
when = { model = "gpt-4o" }
use = ["cloud"]
[[rule]]
name = "everything else"
use = ["local", "cloud"]
[template]
house = "Answer in English."
"""
EVERY_TEXT: list[dict[str, Any]] = [
    {"messages": [{"role": "user", "content": WORD}]},
    {"messages": [{"role": "system", "content": WORD}, {"role": "user", "content": [{"type": "text", "text": WORD}]}]},
    {"messages": [{"role": "user", "content": WORD, "name": WORD}, {"role": WORD, "content": WORD, WORD: WORD}]},
    {
        "messages": [
            {"role": "assistant", "tool_calls": [{"id": WORD, "function": {"name": WORD, "arguments": WORD}}]},
            {"role": "tool", "tool_call_id": WORD, "content": WORD},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": f"https://{WORD}/{WORD}"}}]},
        ]
    },
    {"tools": [{"type": "function", "function": {"name": WORD, "description": WORD, "parameters": {WORD: WORD}}}]},
    {"functions": [{"name": WORD, "description": WORD}], "function_call": {"name": WORD}},
    {"prediction": {"type": "content", "content": WORD}, "stop": [WORD], "instructions": WORD},
    {"metadata": {WORD: WORD}, "user": WORD, "safety_identifier": WORD, "logit_bias": {WORD: 1}},
    {"response_format": {"type": "json_schema", "json_schema": {"name": WORD, "schema": {WORD: WORD}}}},
    {"reasoning_effort": WORD, "seed": WORD, WORD: WORD, "metadata": {WORD: WORD}},
    {"web_search_options": {"user_location": WORD}, "tool_choice": {"type": WORD, "name": WORD}},
]


@pytest.fixture(scope="module")
def wye(local: FakeOllama, cloud: FakeOpenAI) -> Iterator[Wye]:
    with Wye(two_targets(local.base_url, cloud.base_url, rules=RULES)) as server:
        yield ready(server)


@pytest.fixture(autouse=True)
def _nothing_leaves(local: FakeOllama, cloud: FakeOpenAI) -> Iterator[None]:
    """Whatever is explained here, the fakes see nothing but the question which models they have."""
    yield
    assert (chats(local), chats(cloud)) == ([], [])
    assert {seen.path for server in (local, cloud) for seen in server.requests} <= {"/v1/models", "/api/version"}


def explained(wye: Wye, body: object, **headers: str) -> dict[str, Any]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    with Raw(wye, body, path=EXPLAIN, headers=names) as raw:
        told: dict[str, Any] = raw.json()
        assert raw.answer.status == 200
        assert raw.headers["content-type"] == "application/json"
    return told


def test_a_request_that_nothing_binds_is_explained(wye: Wye) -> None:
    told = explained(wye, chat(), x_team="blue")
    assert told["labels"] == []
    assert [(rule["rule"], rule["outcome"]) for rule in told["rules"]] == [
        ("the blue team", "matches"),
        ("large", "not asked"),
        ("everything else", "not asked"),
    ]
    assert told["candidates"] == [
        {"target": "cloud", "model": "gpt-4o-mini"},
        {"target": "local", "model": "llama3"},
    ]
    assert told["facts"].keys() == {
        *("model", "endpoint", "stream", "prompt_tokens", "counted_with", "secrets", "header.x-team"),
    }
    changed = {change["field"]: change["after"] for change in told["rewrite"]}
    assert changed == {
        "messages": "Answer in English. …",
        "stop": ["END"],
        "seed": 7,
        "response_format": {"type": "text"},
    }


def test_a_labelled_request_names_who_is_kept_from_it(wye: Wye) -> None:
    told = explained(wye, chat(SECRET))
    assert [(one["label"], one["detected"]) for one in told["labels"]] == [("private", True)]
    assert told["candidates"] == [
        {"target": "local", "model": "llama3"},
        {"target": "cloud", "struck": "does not accept private"},
    ]
    assert "hunter2" not in json.dumps(told)


def test_a_request_that_would_be_refused_is_explained_and_has_no_candidate(wye: Wye) -> None:
    told = explained(wye, chat(SECRET, model="cloud:gpt-4o"))
    assert told["candidates"] == [{"target": "cloud", "struck": "does not accept private"}]
    assert told["rules"] == []
    assert "names the target 'cloud'" in told["skipped"]
    outward = explained(wye, chat(SECRET, web_search_options={}))
    assert (outward["outward"], outward["rewrite"]) == ("web_search_options", [])
    assert not [one for one in outward["candidates"] if "struck" not in one]


@pytest.mark.parametrize("stream", [False, True])
def test_the_sdk_gets_the_same_with_a_header(wye: Wye, stream: bool) -> None:
    create = wye.client().chat.completions.with_raw_response.create
    answer = create(
        model="gpt-4o",
        messages=[{"role": "user", "content": "hello"}],
        stream=stream,
        extra_headers={"x-wye-explain": "1"},
    )
    assert answer.headers["content-type"] == "application/json"
    told = json.loads(answer.http_response.read())
    assert (told["rule"], told["facts"]["stream"]) == ("large", stream)
    plain = explained(wye, {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}], "stream": stream})
    assert told == plain


@pytest.mark.parametrize("body", EVERY_TEXT)
@pytest.mark.parametrize("team", ["blue", "red"])
@pytest.mark.parametrize("label", ["", "private"])
def test_no_text_of_a_request_is_in_its_explanation(wye: Wye, body: dict[str, Any], team: str, label: str) -> None:
    whole = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": WORD}], **body}
    headers = {"x-team": team, "x-wye-label": label, "x-other": WORD, "idempotency-key": WORD}
    with Raw(wye, whole, path=f"{EXPLAIN}?{WORD}={WORD}", headers=headers) as raw:
        written = raw.rest().decode().lower()
        assert raw.answer.status == 200
        assert WORD not in json.dumps(raw.headers)
    assert WORD not in written
    assert not [line for line in wye.lines if WORD in line]


@pytest.mark.parametrize("headers", [{}, {"x-wye-explain": "1"}])
@pytest.mark.parametrize(
    ("body", "param"), [(b"{", None), (b"", None), (b"[]", None), (b'{"model":"m"}', "messages"), (b"\xff", None)]
)
def test_a_body_that_cannot_be_read_is_an_error_as_openai_writes_it(
    wye: Wye, headers: dict[str, str], body: bytes, param: str | None
) -> None:
    path = "/v1/chat/completions" if headers else EXPLAIN
    with Raw(wye, body, path=path, headers=headers) as raw:
        error = raw.error()
        assert raw.answer.status == 400
    assert (error["type"], error["param"]) == ("invalid_request_error", param)


def test_the_sdk_reads_such_an_error(wye: Wye) -> None:
    with pytest.raises(openai.BadRequestError):
        wye.client().chat.completions.create(model="m", messages=[], extra_headers={"x-wye-explain": "1"})


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_only_post_is_allowed(wye: Wye, method: str) -> None:
    with Raw(wye, method=method, path=EXPLAIN) as raw:
        assert raw.error()["message"] == "Only POST is allowed here."
        assert (raw.answer.status, raw.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(("name", "value"), [("Host", "evil.example"), ("Origin", "https://evil.example")])
def test_a_web_page_gets_no_explanation(wye: Wye, name: str, value: str) -> None:
    body = json.dumps(chat()).encode()
    host = "" if name == "Host" else "Host: localhost\r\n"
    head = f"POST {EXPLAIN} HTTP/1.1\r\n{host}{name}: {value}\r\nContent-Length: {len(body)}\r\n"
    status, _, answer = said(wye, f"{head}Connection: close\r\n\r\n".encode() + body)
    assert status == 403
    assert json.loads(answer).keys() == {"error"}


def test_the_header_never_travels_on() -> None:
    with (
        FakeOllama() as near,
        FakeOpenAI() as far,
        Wye(two_targets(near.base_url, far.base_url)) as wye,
    ):
        for model in ("gpt-4o", "local:llama3"):
            with Raw(wye, chat(model=model), headers={"x-wye-explain": "0", "x-wye-label": ""}) as raw:
                assert raw.json()["choices"]
        sent = [*chats(near), *chats(far)]
        assert len(sent) == 2
        assert not [name for request in sent for name, _ in request.headers if name.startswith("x-wye")]
