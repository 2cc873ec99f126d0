from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import BadGateway, UpstreamAnswered
from proxy.providers.base import Ask
from proxy.providers.openai import OpenAI, PassedEvents
from proxy.wire.chat import read_chat
from proxy.wire.sse import Frame
from proxy.wire.usage import Usage
from routing_rules import Rewrite
from tests.fakes.asks import WITH_USAGE, ask, chat

# Everything that a reader and writer of JSON would spell differently.
ODD = (
    b'{"model":"m","messages":[{"role":"user","content":"h\\u00e9\\/ \\ud83d\\ude00"}],"temperature":1.0,'
    b'"seed":12345678901234567890,"x_new":{"b":1e0,"a":[ 1 , 2.50 ]},"top_p":0.10}'
)
SPACED = b' {\n  "model": "m",\n  "messages": [ {"role":"user","content":"hi"} ]\n}\n'


def prepared(body: bytes, **more: Any) -> bytes:
    done = OpenAI().prepare(ask(read_chat(body), **more))
    assert done.dropped == ()
    return done.body


# --- what is sent ---


@pytest.mark.parametrize("body", [ODD, SPACED, ODD[:-1] + b',"stream":false}', ODD[:-1] + b',"stream":null}'])
def test_a_body_that_nothing_rewrites_goes_as_it_came(body: bytes) -> None:
    assert prepared(body) is body


def test_a_stream_that_asks_for_usage_itself_goes_as_it_came() -> None:
    body = ODD[:-1] + b',"stream":true,"stream_options":{"include_usage":true}}'
    assert prepared(body) is body


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"model": "other"}, ODD.replace(b'"model":"m"', b'"model":"other"')),
        ({"rewrite": Rewrite(set={"temperature": 0.5})}, ODD.replace(b"1.0,", b"0.5,")),
        ({"rewrite": Rewrite(default={"top_p": 1})}, ODD),
        ({"rewrite": Rewrite(default={"user": "u"})}, ODD[:-1] + b',"user":"u"}'),
        ({"rewrite": Rewrite(drop=("top_p",))}, ODD.replace(b',"top_p":0.10', b"")),
        (
            {"rewrite": Rewrite(drop=("seed",)), "model": "x"},
            ODD.replace(b'"seed":12345678901234567890,', b"").replace(b'"m"', b'"x"'),
        ),
    ],
)
def test_a_rewrite_touches_its_own_fields_and_no_other_byte(more: dict[str, Any], expected: bytes) -> None:
    assert prepared(ODD, **more) == expected


def test_wyes_own_field_never_travels() -> None:
    body = ODD[:-1] + b',"routing_preferences":{"privacy_level":"high"}}'
    assert prepared(body) == ODD
    assert prepared(body.replace(b'{"privacy_level":"high"}', b"null")) == ODD


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (b"", b'"stream_options":{"include_usage":true}'),
        (b',"stream_options":null', b'"stream_options":{"include_usage":true}'),
        (b',"stream_options":{}', b'"stream_options":{"include_usage":true}'),
        (b',"stream_options":{"include_usage":false}', b'"stream_options":{"include_usage":true}'),
        (
            b',"stream_options":{"include_obfuscation":false}',
            b'"stream_options":{"include_obfuscation":false,"include_usage":true}',
        ),
    ],
)
def test_a_stream_is_always_asked_for_its_usage(options: bytes, expected: bytes) -> None:
    body = ODD[:-1] + b',"stream":true' + options + b"}"
    assert prepared(body) == ODD[:-1] + b',"stream":true,' + expected + b"}"


def test_a_request_without_a_model_gets_the_targets() -> None:
    body = b'{"messages":[{"role":"user","content":"hi"}]}'
    assert prepared(body) == body[:-1] + b',"model":"m"}'


# Fields that wye reads itself; each has its own test.
OURS = {"model", "messages", "stream", "stream_options", "routing_preferences"}
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(min_size=1), VALUES, max_size=5), st.booleans())
def test_whatever_the_fields_are_they_arrive_as_they_were(fields: dict[str, Any], ascii_only: bool) -> None:
    fields = {name: value for name, value in fields.items() if name not in OURS}
    document = {"messages": [{"role": "user", "content": "x"}], **fields, "model": "m"}
    body = json.dumps(document, ensure_ascii=ascii_only).encode()
    sent = prepared(body, model="other")
    assert list(json.loads(sent).items()) == [*list(document.items())[:-1], ("model", "other")]
    raw = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    assert all(bytes(value) in sent for name, value in raw.items() if name != "model")


# --- a whole answer ---

USAGE = b'"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}'


@pytest.mark.parametrize(
    ("body", "usage"),
    [
        (b'{ "choices" : [ { "index":0 } ], ' + USAGE + b', "x": 1.0 }', Usage(3, 2, 5)),
        (b'{"choices":[{}],"error":null}', None),
        (b'{"choices":[{}],"usage":{"prompt_tokens":null}}', None),
    ],
)
def test_an_answer_is_handed_on_byte_for_byte(body: bytes, usage: Usage | None) -> None:
    answer = OpenAI().answer(body, ask())
    assert answer.body is body
    assert answer.usage == usage


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b"{}",
        b'{"choices":null}',
        b'{"error":"\xff"}',
        b'{"choices":"x"}',
        b'{"object":"list","data":[]}',
    ],
)
def test_what_is_no_answer_is_the_upstreams_failure(body: bytes) -> None:
    with pytest.raises(BadGateway):
        OpenAI().answer(body, ask())


@pytest.mark.parametrize(
    "body", [b'{"error":{"message":"no"}}', b'{"error":"no"}', b'{"choices":[],"error":{"message":"no"}}']
)
def test_an_error_with_status_200_is_an_error(body: bytes) -> None:
    with pytest.raises(UpstreamAnswered, match="no") as caught:
        OpenAI().answer(body, ask())
    assert caught.value.status == 502


# --- a stream ---

ROLE = b'{"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null}}],"obfuscation":"x"}'
CONTENT = b'{"choices":[{"index":0,"delta":{"content":"hi"},"logprobs":null,"finish_reason":null}],"usage":null}'
SPACED_CONTENT = b'{"choices": [{"index": 0, "delta": {"content": "hi"}, "finish_reason": null}], "usage": null}'
STOP = b'{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}'
LAST = b'{"choices":[],' + USAGE + b"}"
AUDIO = b'{"choices":[{"index":0,"delta":{"audio":{"expires_at":5}},"finish_reason":null}]}'


def stream(*, usage: bool = False) -> PassedEvents:
    return PassedEvents(ask(chat(**(WITH_USAGE if usage else {"stream": True}))))


def passed(*events: bytes, usage: bool = False) -> list[bytes]:
    reader = stream(usage=usage)
    chunks = [reader.read(Frame(event)) for event in (*events, b"[DONE]")]
    assert reader.end() is None
    return [chunk.payload for chunk in chunks if chunk is not None]


def test_events_are_handed_on_byte_for_byte() -> None:
    events = [ROLE, CONTENT, SPACED_CONTENT, CONTENT, STOP]
    assert passed(*events) == events


def test_the_usage_chunk_goes_only_to_a_client_that_asked() -> None:
    assert passed(ROLE, CONTENT, STOP, LAST) == [ROLE, CONTENT, STOP]
    assert passed(ROLE, CONTENT, STOP, LAST, usage=True) == [ROLE, CONTENT, STOP, LAST]


@pytest.mark.parametrize("usage", [True, False])
def test_usage_is_counted_whoever_asked(usage: bool) -> None:
    reader = stream(usage=usage)
    for event in (ROLE, CONTENT, STOP, LAST):
        reader.read(Frame(event))
    assert reader.usage == Usage(3, 2, 5)


def test_usage_that_comes_beside_content_is_not_taken_out() -> None:
    beside = CONTENT.replace(b'"usage":null', USAGE)
    assert passed(ROLE, beside, STOP) == [ROLE, beside, STOP]


def test_usage_that_cannot_be_read_breaks_no_stream() -> None:
    odd = b'{"choices":[],"usage":{"prompt_tokens":null}}'
    assert passed(ROLE, CONTENT, STOP, odd, usage=True) == [ROLE, CONTENT, STOP, odd]


@pytest.mark.parametrize(
    ("event", "content"),
    [
        (ROLE, False),
        (CONTENT, True),
        (STOP, True),
        (AUDIO, True),
        (b'{"choices":[]}', False),
        (b'{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a"}]},"finish_reason":null}]}', True),
        (b'{"choices":[{"index":0,"delta":{"refusal":"I will not"},"finish_reason":null}]}', True),
        (b'{"choices":[{"index":0,"delta":null,"finish_reason":null}]}', False),
    ],
)
def test_only_what_answers_something_is_content(event: bytes, content: bool) -> None:
    chunk = stream().read(Frame(event))
    assert chunk is not None
    assert chunk.content is content


@pytest.mark.parametrize("before", [[], [ROLE], [ROLE, CONTENT]])
@pytest.mark.parametrize(
    "failed",
    [
        Frame(b'{"error":{"message":"overloaded","type":"server_error","param":null,"code":null}}'),
        Frame(b'{"error":"overloaded"}'),
        Frame(b'{"code":500,"message":"overloaded"}', "error"),
        Frame(b'{"message":"overloaded"}', "error"),
    ],
)
def test_an_error_is_one_wherever_it_comes(before: list[bytes], failed: Frame) -> None:
    reader = stream()
    for event in before:
        reader.read(Frame(event))
    with pytest.raises(UpstreamAnswered, match="overloaded"):
        reader.read(failed)


def test_talk_about_errors_is_none() -> None:
    talk = b'{"choices":[{"index":0,"delta":{"content":"the \\"error\\" field"},"finish_reason":null}]}'
    quoted = b'{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}],"error":null}'
    assert passed(ROLE, CONTENT, talk, quoted, STOP) == [ROLE, CONTENT, talk, quoted, STOP]


@pytest.mark.parametrize(
    "event", [b"hello", b"null", b"[]", b'{"choices":5}', b'{"choices":[{"delta":', b'{"a":"\xff"']
)
def test_an_event_that_is_no_chunk_is_seen_before_content(event: bytes) -> None:
    with pytest.raises(BadGateway):
        stream().read(Frame(event))


@pytest.mark.parametrize("event", [b"hello", b"null", b"[]", b'{"choices":[{"finish_reason":"stop"'])
def test_once_content_flows_only_what_may_tell_something_is_looked_into(event: bytes) -> None:
    reader = stream()
    reader.read(Frame(CONTENT))
    assert reader.read(Frame(b'{"new":1}')) is not None
    with pytest.raises(BadGateway):
        reader.read(Frame(event))


def test_json_in_several_lines_becomes_one_that_every_client_reads() -> None:
    spread = b'{"choices":[{"index":0,\n"delta":{"content":"hi"},\n"finish_reason":null}]}'
    (first, second, _) = passed(spread, spread, STOP)
    assert json.loads(first) == json.loads(second) == json.loads(spread)
    assert b"\n" not in first + second


@pytest.mark.parametrize(
    ("events", "whole"),
    [
        ([ROLE, CONTENT, STOP], True),
        ([ROLE, CONTENT, STOP, b"[DONE]"], True),
        ([ROLE, AUDIO, b"[DONE]"], True),
        ([SPACED_CONTENT, b'{"choices": [{"delta": {}, "finish_reason": "length"}]}'], True),
        ([ROLE, CONTENT], False),
        ([ROLE], False),
        ([], False),
        ([b"[DONE]"], False),
        ([ROLE, b"[DONE]"], False),
    ],
)
def test_a_stream_ends_with_a_reason_or_it_is_cut(events: list[bytes], whole: bool) -> None:
    reader = stream()
    for event in events:
        reader.read(Frame(event))
    if whole:
        assert reader.end() is None
    else:
        with pytest.raises(BadGateway, match="in the middle of the answer"):
            reader.end()


def test_failures_are_brought_into_openais_shape() -> None:
    asked: Ask = ask()
    error = OpenAI().failure(429, {"retry-after": "3"}, b'{"error":{"message":"slow down","type":"tokens"}}', asked)
    assert (error.status, error.type, error.message, error.headers["retry-after"]) == (429, "tokens", "slow down", "3")
