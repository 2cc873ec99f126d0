"""Ways a private text, or the operator's key, once got out or could have: each tried on a real wye."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.ollama import FakeOllama
from tests.fakes.upstream import FakeOpenAI, error, json_reply, sse
from tests.wye_process import Wye, one_target, two_targets

FINANCE = """[[label]]
add = "finance"
when = { header = { x-team = "finance", x-ort = "Zürich" } }
why = "a team that keeps its own"
"""
BY_TEAM = FINANCE.replace(', x-ort = "Zürich"', "")
BY_PLACE = FINANCE.replace('x-team = "finance", ', "").replace('"finance"', '"swiss"')
HUNTER = "hunter2-Blue42"


@pytest.fixture(scope="module")
def wye(local: FakeOllama, cloud: FakeOpenAI) -> Iterator[Wye]:
    with Wye(two_targets(local.base_url, cloud.base_url, extra=BY_TEAM + BY_PLACE)) as server:
        yield server


def post(wye: Wye, body: dict[str, Any], *headers: bytes) -> str:
    """Send a request to the byte, and return the target that answered."""
    text = json.dumps({"model": "gpt-4o", **body}).encode()
    lines = [b"POST /v1/chat/completions HTTP/1.1", b"Host: localhost", b"Content-Length: %d" % len(text), *headers]
    with socket.create_connection(("127.0.0.1", wye.port), timeout=10) as client:
        client.sendall(b"\r\n".join([*lines, b"Connection: close", b"", b""]) + text)
        answer = b"".join(iter(lambda: client.recv(65536), b"")).decode()
    return next(line for line in answer.split("\r\n") if line.startswith("x-wye-target")).partition(": ")[2]


def said(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


def test_without_a_label_the_cloud_answers(wye: Wye) -> None:
    assert post(wye, said("hello"), b"X-Team: sales") == "cloud:gpt-4o"


@pytest.mark.parametrize(
    "header",
    [
        b"X-Team: finance",
        b"X-Team: finance \t",
        b"X-Team:\tfinance",
        b"X-Team: FINANCE",
        b"X-Team: sales\r\nX-Team: finance",
        b"X-Team: finance\r\nX-Team: sales",
        b"X-Team: sales, finance ",
        "X-Ort: Zürich".encode(),
        "X-Ort: Zürich".encode("latin-1"),
        b"X-Wye-Label: Finance",
    ],
)
def test_a_header_labels_however_it_is_written(wye: Wye, header: bytes) -> None:
    assert post(wye, said("hello"), header) == "local:llama3"


@pytest.mark.parametrize(
    "body",
    [
        said(f"pass\u180bword is {HUNTER}"),
        said(f"pass\u115fword: {HUNTER}"),
        said(f"pass\u0001word: {HUNTER}"),
        said(f"my password is\u000b{HUNTER}"),
        said(f"my password is\u2028{HUNTER}"),
        said(f"my password is\u0085{HUNTER}"),
        said(f"Mein Passwort lautet {HUNTER}"),
        {**said("hello"), "metadata": {"password": 48392019}},
        {**said("hello"), "metadata": {"password": [HUNTER]}},
        {**said("hello"), "metadata": {"password": {"value": HUNTER}}},
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "Prod password is"}, {"type": "text", "text": HUNTER}],
                }
            ]
        },
        said("hello" + " " * 300_000 + f"my password is {HUNTER}"),
    ],
)
def test_a_secret_is_seen_however_it_is_hidden(wye: Wye, cloud: FakeOpenAI, body: dict[str, Any]) -> None:
    assert post(wye, body) == "local:llama3"
    assert not any(HUNTER.encode() in request.body for request in cloud.requests)


def test_the_arguments_of_a_tool_are_read_as_the_tool_will_read_them(wye: Wye) -> None:
    arguments = '{"q": "the \\u0070assword is ' + HUNTER + '"}'
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
    assert post(wye, {"messages": [{"role": "assistant", "content": None, "tool_calls": [call]}]}) == "local:llama3"


def test_a_header_that_travels_is_text_too(wye: Wye) -> None:
    assert post(wye, said("hello"), b"Idempotency-Key: my password is " + HUNTER.encode()) == "local:llama3"


def test_an_ollama_behind_another_kind_sends_nothing_labelled_to_its_cloud() -> None:
    with FakeOllama() as ollama, Wye(one_target(ollama.base_url, kind="compatible")) as wye:
        client = wye.client()
        with pytest.raises(Exception, match="may not be given a labelled request"):
            client.chat.completions.create(
                model="up:gpt-oss:120b-cloud",
                messages=[{"role": "user", "content": "hello"}],
                extra_headers={"x-wye-label": "private"},
            )
        client.chat.completions.create(
            model="up:llama3",
            messages=[{"role": "user", "content": "hello"}],
            extra_body={"MODEL": "gpt-oss:120b-cloud"},
        )
        assert ollama.forwarded == []


def test_an_upstream_that_repeats_the_key_does_not_spread_it() -> None:
    key = "sk-operator-0123456789"
    echo = {"x-echo": f"Bearer {key}"}
    with FakeOpenAI() as upstream:
        upstream.routes["GET /v1/models"] = error(401, "invalid_api_key", f"Invalid token. Received: Bearer {key}")
        with Wye(one_target(upstream.base_url, more='key = "env:UP_KEY"'), environ={"UP_KEY": key}) as wye:
            client = wye.client()
            create = client.chat.completions.with_raw_response.create
            upstream.script = error(401, "invalid_api_key", f"Invalid token. Received: Bearer {key}", headers=echo)
            for stream in (False, True):
                with pytest.raises(Exception, match=r"Received: Bearer \*\*\*"):
                    create(model="gpt-4o", messages=[{"role": "user", "content": "hello"}], stream=stream)
            upstream.script = json_reply(200, {"choices": [{"message": {"content": "hi"}}]}, echo)
            answer = create(model="gpt-4o", messages=[{"role": "user", "content": "hello"}])
            assert key not in str(answer.headers)
            begun = {"choices": [{"index": 0, "delta": {"content": "a"}}]}
            upstream.script = sse(begun, {"error": {"message": f"bad {key}", "type": "x", "code": None, "param": None}})
            with pytest.raises(Exception, match=r"bad \*\*\*"):
                list(
                    client.chat.completions.create(
                        model="gpt-4o", messages=[{"role": "user", "content": "hi"}], stream=True
                    )
                )
            wye.wait_for(lambda event: event["event"] == "catalogue.failed")
        assert not [line for line in wye.lines if key in line]


def test_what_a_client_writes_in_place_of_a_model_is_not_logged(wye: Wye) -> None:
    answer = wye.client().chat.completions.with_raw_response.create(
        model="local:*", messages=[{"role": "user", "content": "hello"}]
    )
    assert answer.headers["x-wye-target"].startswith("local:")
    with pytest.raises(Exception, match="model"):
        wye.client().chat.completions.create(
            model="local:my pet is called Rex", messages=[{"role": "user", "content": "hello"}]
        )
    assert not [line for line in wye.lines if "Rex" in line]
