"""Streams that fail: said in the stream once content has begun, and before that the next candidate's to answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, Literal

import openai
import pytest

from tests.fakes.server import Handler, Request, Wire
from tests.fakes.upstream import SSE, FakeOpenAI, endless, error, event, json_reply, meta, opened, silence, sse
from tests.journeys.raw import Raw, chat, documents, ready, sdk
from tests.wye_process import Wye

Json = dict[str, Any]
Break = Literal["cut", "eof", "error", "stall", "half a frame", "garbage"]
BREAKS: tuple[Break, ...] = ("cut", "eof", "error", "stall", "half a frame", "garbage")
FAILURE: Json = {"error": {"message": "The server had an error", "type": "server_error", "param": None, "code": None}}


@pytest.fixture(scope="module")
def first() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture(scope="module")
def second() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture(scope="module")
def wye(first: FakeOpenAI, second: FakeOpenAI) -> Iterator[Wye]:
    with Wye(f"""
[target.first]
kind = "openai"
url = "{first.base_url}"
timeouts = {{ first_token = "400ms", idle = "400ms", total = "1s" }}
[target.second]
kind = "openai"
url = "{second.base_url}"
[target.nobody]
kind = "openai"
url = "http://127.0.0.1:9/v1"
[[rule]]
name = "nobody is there"
when = {{ model = "unreachable" }}
use = ["nobody:gpt-4o-mini", "second:gpt-4o-mini"]
[[rule]]
name = "in turn"
use = ["first:gpt-4o-mini", "second:gpt-4o-mini"]
""") as server:
        yield ready(server)


@pytest.fixture(autouse=True)
def _usual_scripts(first: FakeOpenAI, second: FakeOpenAI) -> None:
    first.script = second.script = None


def chunk(delta: Json, reason: str | None = None) -> Json:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    shell = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini"}
    return {**shell, "choices": [choice]}


ROLE = chunk({"role": "assistant", "content": "", "refusal": None})


def breaking(how: Break, heard: threading.Event, *before: Json) -> Handler:
    """Stream some chunks, wait until they were heard, and break off."""

    async def handle(_: Request, wire: Wire) -> None:
        await wire.start(200, {**SSE, **meta()})
        await wire.write(b"".join(map(event, before)))
        await opened(heard)
        if how == "cut":
            await wire.cut()
            return
        if how == "stall":
            await wire.gone()
            return
        last = {"error": event(FAILURE), "half a frame": b'data: {"choi', "garbage": b"data: %%\n\n"}
        await wire.write(last.get(how, b""))
        await wire.end()

    return handle


@pytest.mark.parametrize("how", BREAKS[:-1])
def test_a_stream_that_breaks_off_ends_with_an_error_event(wye: Wye, first: FakeOpenAI, how: Break) -> None:
    heard = threading.Event()
    first.script = breaking(how, heard, ROLE, chunk({"content": "half "}))
    with Raw(wye, chat(stream=True)) as raw:
        raw.until(b"half ")
        heard.set()
        *_, content, last = documents(raw.rest())
        settled = wye.settled(raw.headers["x-wye-id"])
    assert content["choices"][0]["delta"]["content"] == "half "
    assert set(last["error"]) == {"message", "type", "param", "code"}
    assert last["error"]["type"] == "server_error"
    assert last["error"]["code"] == ("upstream_timeout" if how == "stall" else "upstream_error")
    assert settled["status"] == (504 if how == "stall" else 502)
    assert (settled["target"], settled["attempts"]) == ("first", 1)


@pytest.mark.parametrize("how", BREAKS[:-1])
def test_the_sdk_raises_for_a_stream_that_breaks_off(wye: Wye, first: FakeOpenAI, how: Break) -> None:
    heard = threading.Event()
    first.script = breaking(how, heard, chunk({"role": "assistant", "content": "half "}))
    asked: Json = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]}
    with sdk(wye).chat.completions.create(stream=True, **asked) as answer:
        assert next(answer).choices[0].delta.content == "half "
        heard.set()
        with pytest.raises(openai.APIError) as failed:
            next(answer)
    assert failed.value.type == "server_error"
    assert failed.value.code in {"upstream_error", "upstream_timeout"}


@pytest.mark.parametrize("how", BREAKS)
def test_a_stream_that_breaks_off_after_the_role_alone_is_taken_over(wye: Wye, first: FakeOpenAI, how: Break) -> None:
    at_once = threading.Event()
    at_once.set()
    first.script = breaking(how, at_once, ROLE)
    with Raw(wye, chat(stream=True)) as raw:
        chunks = documents(raw.rest())
    assert (raw.headers["x-wye-target"], raw.headers["x-wye-attempts"]) == ("second:gpt-4o-mini", "2")
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in chunks) == "openai:gpt-4o-mini: hello"
    assert [one["choices"][0]["delta"].get("role") for one in chunks].count("assistant") == 1


@pytest.mark.parametrize(
    "failing",
    [
        error(500, None),
        error(503, None),
        error(429, "rate_limit_exceeded"),
        error(401, "invalid_api_key"),
        error(404, "model_not_found"),
        json_reply(200, {"object": "chat.completion"}),
        json_reply(307, b"", {"location": "http://127.0.0.1:9/v1/chat/completions"}),
        sse(FAILURE),
        sse(),
        sse(end="eof"),
        sse(end="cut"),
        silence(),
    ],
)
@pytest.mark.parametrize("streamed", [True, False])
def test_whoever_fails_before_the_first_word_is_replaced(
    wye: Wye, first: FakeOpenAI, failing: Handler, streamed: bool
) -> None:
    first.script = failing
    with Raw(wye, chat(stream=streamed, model="gpt-4o-mini")) as raw:
        raw.rest()
    assert raw.answer.status == 200
    assert (raw.headers["x-wye-target"], raw.headers["x-wye-attempts"]) == ("second:gpt-4o-mini", "2")
    assert "x-should-retry" not in raw.headers


def test_whoever_cannot_be_reached_is_replaced(wye: Wye) -> None:
    with Raw(wye, chat(stream=True, model="unreachable")) as raw:
        documents(raw.rest())
    assert (raw.headers["x-wye-target"], raw.headers["x-wye-attempts"]) == ("second:gpt-4o-mini", "2")


def test_what_the_caller_got_wrong_is_not_tried_elsewhere(wye: Wye, first: FakeOpenAI, second: FakeOpenAI) -> None:
    first.script, before = error(400, "invalid_value", param="temperature"), len(second.requests)
    with Raw(wye, chat(stream=True)) as raw:
        said = raw.error()
    assert (raw.answer.status, said["param"], said["code"]) == (400, "temperature", "invalid_value")
    assert len(second.requests) == before


def test_a_failed_attempt_is_in_the_log_with_its_class(wye: Wye, first: FakeOpenAI) -> None:
    first.script = error(429, "rate_limit_exceeded")
    with Raw(wye, chat(stream=True)) as raw:
        documents(raw.rest())
    ident = raw.headers["x-wye-id"]
    failed = wye.wait_for(lambda event: event["event"] == "attempt.failed" and event["id"] == ident)
    assert (failed["target"], failed["failure"], failed["status"]) == ("first", "rate_limited", 429)


def test_a_stream_that_never_ends_is_ended(wye: Wye, first: FakeOpenAI) -> None:
    first.script = endless(chunk({"content": "again "}), every_s=0.05)
    with Raw(wye, chat(stream=True)) as raw:
        last = documents(raw.rest())[-1]
        assert (last["error"]["code"], wye.settled(raw.headers["x-wye-id"])["status"]) == ("upstream_timeout", 504)
