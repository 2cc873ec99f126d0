"""What a caller can get wrong: every answer to it is an error in OpenAI's shape that names the field."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import openai
import pytest

from tests.fakes.upstream import FakeOpenAI
from tests.journeys.raw import CHAT, PATIENCE_S, Raw, chat, chats, error_in, ready, said
from tests.wye_process import Wye, one_target

Json = dict[str, Any]
UNSPOKEN = "swordfish-4711"  # text of a request; no log line may hold it
MESSAGES = json.dumps([{"role": "user", "content": UNSPOKEN}])
MAX_BODY = 20_000


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture(scope="module")
def wye(upstream: FakeOpenAI) -> Iterator[Wye]:
    with Wye(one_target(upstream.base_url, server=f"max_body = {MAX_BODY}")) as server:
        yield ready(server)
    assert not [line for line in server.lines if UNSPOKEN in line or "sk-app" in line]


def refused(wye: Wye, body: object, status: int = 400, **more: Any) -> Json:
    with Raw(wye, body, **more) as raw:
        error = raw.error()
        assert raw.answer.status == status
    assert error["type"] == "invalid_request_error"
    return error


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe",
        b'{"messages":[{"role":"user","content":"\xff"}]}',
        b'{"messages":[{"role":"user","content":"\\ud800"}]}',
        b'{"messages":[{"role":"user","content":"a\nb"}]}',
        b'{"messages":[{"role":"user"}],"temperature":NaN}',
        b'{"messages":[{"role":"user"}],"temperature":1e999}',
        b'{"messages":[{"role":"user"}]} {}',
        b'{"messages":' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)
def test_what_is_no_json_object_is_refused(wye: Wye, upstream: FakeOpenAI, body: bytes) -> None:
    before = len(chats(upstream))
    error = refused(wye, body)
    assert error["code"] is None
    assert len(chats(upstream)) == before


@pytest.mark.parametrize(
    "members",
    [
        '"model":"gpt-4o","model":"gpt-4o-mini"',
        '"model":"gpt-4o","m\\u006fdel":"gpt-4o-mini"',
        '"a":{"b":[{"c":1,"c":2}]}',
        '"a":{"b":[{"c":1,"\\u0063":1}]}',
        '"a":"\\u003a","model":"x","model":"y"',
        '"a":"\\u003A\\u003A","b":{"c":1,"c":{"d":1}}',
        '"a:":1,"a\\u003a":2',
        '"":1,"":2',
        '"tools":[{"x":1}],"tools":[]',
    ],
)
def test_a_key_that_stands_twice_is_refused_at_any_depth(wye: Wye, upstream: FakeOpenAI, members: str) -> None:
    before = len(chats(upstream))
    assert "twice" in refused(wye, f'{{"messages":{MESSAGES},{members}}}'.encode())["message"]
    assert len(chats(upstream)) == before


@pytest.mark.parametrize("members", ['"a":{"model":1}', '"x":"\\u003a::","y:":{"z":":"}', '"a":{"b":1},"c":{"b":1}'])
def test_a_key_that_stands_once_in_each_object_is_fine(wye: Wye, members: str) -> None:
    with Raw(wye, f'{{"messages":{MESSAGES},"model":"gpt-4o",{members}}}'.encode()) as raw:
        assert raw.answer.status == 200
        raw.rest()


@pytest.mark.parametrize(
    ("field", "value", "param"),
    [
        ("messages", UNSPOKEN, "messages"),
        ("messages", [UNSPOKEN], "messages[0]"),
        ("messages", {}, "messages"),
        ("model", 5, "model"),
        ("model", ["gpt-4o"], "model"),
        ("stream", "true", "stream"),
        ("stream", 1, "stream"),
        ("stream_options", [], "stream_options"),
        ("stream_options", {"include_usage": "yes"}, "stream_options.include_usage"),
        ("routing_preferences", "private", "routing_preferences"),
    ],
)
def test_a_wrong_type_names_its_field(wye: Wye, field: str, value: Any, param: str) -> None:
    error = refused(wye, {**chat(UNSPOKEN), field: value})
    assert (error["param"].replace("[...]", "[0]"), error["code"]) == (param, "invalid_type")
    assert UNSPOKEN not in error["message"]


def test_missing_messages_are_named(wye: Wye) -> None:
    error = refused(wye, {"model": "gpt-4o"})
    assert (error["param"], error["code"]) == ("messages", "missing_required_parameter")
    assert refused(wye, {"model": "gpt-4o", "messages": []})["param"] == "messages"


def test_a_responses_body_is_told_apart(wye: Wye) -> None:
    error = refused(wye, {"model": "gpt-4o", "input": UNSPOKEN})
    assert (error["param"], error["code"]) == ("messages", "missing_required_parameter")
    assert "Responses" in error["message"]


def test_stream_options_need_a_stream(wye: Wye) -> None:
    assert refused(wye, chat(stream_options={"include_usage": True}))["param"] == "stream_options"


def test_nulls_are_as_good_as_nothing(wye: Wye) -> None:
    with Raw(wye, chat(stream=None, stream_options=None, temperature=None, routing_preferences=None)) as raw:
        assert raw.answer.status == 200
        raw.rest()


def test_a_body_of_exactly_the_limit_is_read(wye: Wye) -> None:
    body = json.dumps(chat("x", model="gpt-4o")).encode()
    with Raw(wye, body + b" " * (MAX_BODY - len(body))) as raw:
        assert raw.answer.status == 200
        raw.rest()
    assert refused(wye, body + b" " * (MAX_BODY - len(body) + 1), 413)["code"] == "request_too_large"


def test_a_length_over_the_limit_is_refused_before_the_body(wye: Wye) -> None:
    head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {10**12}\r\n\r\n"
    status, headers, body = said(wye, head.encode())
    assert (status, headers["connection"], error_in(body)["code"]) == (413, "close", "request_too_large")


def test_a_sender_that_goes_on_is_answered_all_the_same(wye: Wye) -> None:
    with socket.create_connection(("127.0.0.1", wye.port), timeout=PATIENCE_S) as connection:
        connection.sendall(f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode())

        def send() -> None:
            with suppress(OSError):
                while True:
                    connection.sendall(b"400\r\n" + b"x" * 0x400 + b"\r\n")

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 413
        assert error_in(answer.readline())["code"] == "request_too_large"
        connection.shutdown(socket.SHUT_RDWR)
        sender.join(PATIENCE_S)
        answer.close()
    assert not sender.is_alive()


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "br", "gzip, identity"])
def test_a_compressed_body_is_not_read(wye: Wye, encoding: str) -> None:
    error = refused(wye, chat(), 415, headers={"content-encoding": encoding})
    assert error["code"] == "unsupported_content_encoding"


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/nothing", "/v1/responses", "/v1/chat/completions/x", "/v2/models"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_path_is_said_in_openais_words(wye: Wye, method: str, path: str) -> None:
    error = refused(wye, None, 404, method=method, path=path)
    assert (error["message"], error["code"]) == (f"Invalid URL ({method} {path})", "unknown_url")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", CHAT, {"POST"}), ("DELETE", CHAT, {"POST"}), ("POST", "/v1/models", {"GET", "HEAD"})],
)
def test_a_wrong_method_names_the_right_ones(wye: Wye, method: str, path: str, allowed: set[str]) -> None:
    with Raw(wye, method=method, path=path) as raw:
        assert raw.error()["code"] == "method_not_allowed"
        assert raw.answer.status == 405
        assert allowed <= {name.strip() for name in raw.headers["allow"].split(",")}


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/gpt-4o", "/healthz", "/readyz"])
def test_head_is_a_get_without_its_body(wye: Wye, path: str) -> None:
    with Raw(wye, method="HEAD", path=path) as raw, Raw(wye, method="GET", path=path) as whole:
        assert raw.answer.status == 200
        assert raw.rest() == b""
        assert int(raw.headers["content-length"]) == len(whole.rest())


def test_the_sdk_raises_the_class_that_fits(wye: Wye) -> None:
    with wye.client() as client:
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(model="gpt-4o", messages=[])
        with pytest.raises(openai.NotFoundError) as missing:
            client.models.retrieve("no/such:model")
        with pytest.raises(openai.NotFoundError):
            client.responses.create(model="gpt-4o", input="hello")
    assert missing.value.code == "model_not_found"
