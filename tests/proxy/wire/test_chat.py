from __future__ import annotations

from typing import Any

import msgspec
import pytest

from proxy.errors import BadRequest
from proxy.wire.chat import read_chat, usage_injected
from tests.fakes.asks import HELLO, chat


def refused(body: bytes) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        read_chat(body)
    return caught.value


def written(**fields: Any) -> bytes:
    return msgspec.json.encode({"model": "m", "messages": HELLO, **fields})


def test_a_request_is_read_and_its_bytes_are_kept() -> None:
    body = b' {"model" : "gpt-4o", "messages": [{"role":"user","content":"h\\u00e9"}], "x_new": {"a": 1.0} } '
    request = read_chat(body)
    assert request.body is body
    assert (request.model, request.stream, request.wants_usage) == ("gpt-4o", False, False)
    assert request.document["x_new"] == {"a": 1.0}
    assert request.document["messages"][0]["content"] == "hé"


@pytest.mark.parametrize(
    ("fields", "stream", "wants_usage"),
    [
        ({}, False, False),
        ({"stream": None}, False, False),
        ({"stream": False, "stream_options": None}, False, False),
        ({"stream": True}, True, False),
        ({"stream": True, "stream_options": None}, True, False),
        ({"stream": True, "stream_options": {}}, True, False),
        ({"stream": True, "stream_options": {"include_usage": None}}, True, False),
        ({"stream": True, "stream_options": {"include_usage": False}}, True, False),
        ({"stream": True, "stream_options": {"include_usage": True, "include_obfuscation": False}}, True, True),
    ],
)
def test_null_and_absent_mean_the_same(fields: dict[str, Any], stream: bool, wants_usage: bool) -> None:
    request = chat(**fields)
    assert (request.stream, request.wants_usage) == (stream, wants_usage)


def test_a_request_need_not_name_a_model() -> None:
    assert read_chat(msgspec.json.encode({"messages": HELLO})).model is None


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": 5}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": {}}, "messages"),
        ({"messages": ["hello"]}, "messages[0]"),
        ({"messages": [*HELLO, 5]}, "messages[1]"),
        ({"stream": "true"}, "stream"),
        ({"stream": 1}, "stream"),
        ({"stream": True, "stream_options": []}, "stream_options"),
        ({"stream": True, "stream_options": {"include_usage": "yes"}}, "stream_options.include_usage"),
        ({"routing_preferences": "high"}, "routing_preferences"),
    ],
)
def test_a_wrong_type_names_its_field(fields: dict[str, Any], param: str) -> None:
    error = refused(written(**fields))
    assert (error.status, error.code, error.param) == (400, "invalid_type", param)
    assert error.message.startswith(f"Invalid type for '{param}': expected")


def test_missing_messages_are_missed_by_name() -> None:
    error = refused(b'{"model":"m"}')
    assert (error.param, error.code) == ("messages", "missing_required_parameter")


def test_a_responses_request_is_told_that_it_is_one() -> None:
    error = refused(b'{"model":"m","input":"hello"}')
    assert error.code == "missing_required_parameter"
    assert "Responses request" in error.message


def test_a_conversation_without_a_message_is_none() -> None:
    assert refused(written(messages=[])).param == "messages"


@pytest.mark.parametrize("fields", [{}, {"stream": False}, {"stream": None}])
def test_stream_options_need_a_stream_as_they_do_at_openai(fields: dict[str, Any]) -> None:
    error = refused(written(stream_options={"include_usage": True}, **fields))
    assert (error.status, error.param) == (400, "stream_options")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"text"', b"{'a':1}", b'{"messages":[NaN]}', b'{"a":"\xff"}', b"\xff\xfe"]
)
def test_what_is_no_json_object_is_a_bad_request(body: bytes) -> None:
    assert refused(body).status == 400


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (None, {"include_usage": True}),
        ({}, {"include_usage": True}),
        ({"include_usage": False}, {"include_usage": True}),
        ({"include_obfuscation": False}, {"include_obfuscation": False, "include_usage": True}),
    ],
)
def test_usage_is_always_asked_for_and_other_options_stay(options: object, expected: dict[str, Any]) -> None:
    assert usage_injected(options) == expected
