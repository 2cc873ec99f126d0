from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from proxy.errors import (
    BadGateway,
    EgressRefused,
    GatewayTimeout,
    InternalError,
    Overloaded,
    Unreachable,
    Unsupported,
    UpstreamAnswered,
    UpstreamError,
)
from proxy.upstream import attempt as attempt_module
from proxy.upstream.attempt import Attempt
from proxy.upstream.boundary import Boundary
from proxy.upstream.egress import LABELS, Egress
from proxy.upstream.fleet import Fleet, Member
from proxy.wire.usage import Usage
from routing_rules import Candidate
from tests.fakes.asks import ask, chat
from tests.fakes.rule_files import target
from tests.fakes.transport import (
    DONE,
    LAST,
    STOP,
    Answer,
    FakeTransport,
    chunk,
    completion,
    failure,
    reply,
    stream,
)

pytestmark = pytest.mark.anyio

STREAM = chat(stream=True)
PRIVATE = frozenset({"private"})


class One:
    """One attempt at one target, `up`, which answers as it is told."""

    def __init__(self, answer: Answer | Exception, asked: Any = None, **settings: Any) -> None:
        self.transport = FakeTransport(up=answer)
        self.member: Member = Fleet(
            {"up": target(**{"url": "http://up/v1", "kind": "openai", "accepts": ["*"], **settings})}, {}, "a", "v"
        ).members["up"]
        self.attempt = Attempt(Candidate("up", "m"), self.member, asked or ask())

    async def begin(self, client: dict[str, str] | None = None) -> Attempt:
        await self.attempt.begin(Egress(Boundary({}), self.transport), client or {})
        return self.attempt

    @property
    def closed(self) -> list[int]:
        return [body.closed for body in self.transport.bodies]


async def test_a_whole_answer_is_there_once_it_has_begun() -> None:
    one = One(completion("hi"))
    attempt = await one.begin()
    assert json.loads(attempt.whole.body)["choices"][0]["message"]["content"] == "hi"
    assert (attempt.usage, attempt.headers["content-type"]) == (Usage(3, 2, 5), "application/json")
    await attempt.aclose()
    assert one.closed == [1]
    with pytest.raises(InternalError):
        attempt.stream  # noqa: B018 - asking is what fails


async def test_a_stream_is_there_with_its_first_content() -> None:
    one = One(stream(chunk("a"), STOP, LAST, DONE), ask(STREAM))
    attempt = await one.begin()
    before = attempt.usage
    assert b"".join([piece async for piece in attempt.stream.pieces()]) == chunk("a") + STOP + DONE
    assert (before, attempt.usage) == (None, Usage(3, 2, 5))
    await attempt.aclose()
    assert one.closed == [1]
    with pytest.raises(InternalError):
        attempt.whole  # noqa: B018 - asking is what fails


async def test_what_is_sent_bears_the_labels_and_names_the_model() -> None:
    one = One(completion(), ask(chat(model="fast"), labels=PRIVATE))
    await one.begin({"openai-beta": "x", "cookie": "y"})
    (request,) = one.transport.requests
    assert request.extensions[LABELS] == PRIVATE
    assert str(request.url) == "http://up/v1/chat/completions"
    assert json.loads(request.content)["model"] == "m"
    assert (request.headers["openai-beta"], "cookie" in request.headers) == ("x", False)


async def test_what_was_left_out_is_known_even_before_an_answer() -> None:
    one = One(failure(500), ask(chat(logit_bias={"1": 1})), kind="ollama")
    with pytest.raises(UpstreamAnswered):
        await one.begin()
    assert one.attempt.dropped == ("logit_bias",)


@pytest.mark.parametrize("asked", [ask(), ask(STREAM)])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (failure(400), UpstreamAnswered),
        (failure(429), UpstreamAnswered),
        (failure(503), UpstreamAnswered),
        (reply(500, b"<html>"), UpstreamAnswered),
        (reply(302, b"", {"location": "http://elsewhere"}), BadGateway),
        (reply(304, b""), BadGateway),
        (reply(200, b""), BadGateway),
        (reply(200, b"hello"), BadGateway),
        (reply(200, {"object": "list", "data": []}), BadGateway),
        (reply(200, {"error": {"message": "no"}}), UpstreamAnswered),
        (httpx.ConnectError("refused"), Unreachable),
        (httpx.ConnectTimeout("slow"), Unreachable),
        (httpx.ReadError("reset"), BadGateway),
        (httpx.RemoteProtocolError("garbage"), BadGateway),
        (TimeoutError(), GatewayTimeout),
    ],
)
async def test_what_is_no_answer_is_an_error_and_leaves_nothing_open(
    answer: Answer | Exception, kind: type[Exception], asked: Any
) -> None:
    one = One(answer, asked, max_in_flight=1, queue={"size": 0})
    with pytest.raises(kind):
        await one.begin()
    await one.attempt.aclose()
    assert set(one.closed) <= {1}
    async with one.member.gate.slot():
        assert len(one.transport.requests) == 1


async def test_a_whole_answer_to_a_request_for_a_stream_would_be_an_empty_stream_to_every_sdk() -> None:
    with pytest.raises(BadGateway, match="with a whole answer"):
        await One(completion(), ask(STREAM)).begin()


@pytest.mark.parametrize("kind", ["text/event-stream", "Text/Event-Stream; charset=UTF-8", "text/event-stream;x"])
async def test_a_stream_is_known_by_its_type_however_it_is_written(kind: str) -> None:
    one = One(stream(chunk("a"), STOP, DONE, headers={"content-type": kind}), ask(STREAM))
    assert (await one.begin()).stream


@pytest.mark.parametrize(
    ("asked", "timeouts"),
    [
        (ask(STREAM), {"first_token": 0.001}),
        (ask(STREAM), {"total": 0.001}),
        (ask(), {"total": 0.001}),
    ],
)
async def test_an_upstream_may_be_silent_only_so_long(asked: Any, timeouts: dict[str, float]) -> None:
    one = One(stream(asyncio.Event()), asked, timeouts=timeouts)
    with pytest.raises(GatewayTimeout, match="'up' stayed silent"):
        await one.begin()
    await one.attempt.aclose()
    assert one.closed == [1]


async def test_a_whole_answer_may_take_longer_than_a_first_token() -> None:
    loaded = asyncio.Event()
    body = json.dumps({"choices": []}).encode()
    one = One(stream(loaded, body), timeouts={"first_token": 0.001, "idle": 0.001})
    beginning = asyncio.ensure_future(one.begin())
    await one.transport.asked.wait()
    asyncio.get_running_loop().call_later(0.02, loaded.set)
    assert (await beginning).whole.body == body


@pytest.mark.parametrize(
    ("limit", "answer"), [("MAX_ANSWER", completion("x" * 500)), ("MAX_FAILURE", failure(500, "x" * 500))]
)
async def test_no_answer_is_read_beyond_its_limit(monkeypatch: pytest.MonkeyPatch, limit: str, answer: Answer) -> None:
    monkeypatch.setattr(attempt_module, limit, 300)
    with pytest.raises(BadGateway, match="too large"):
        await One(answer).begin()


async def test_a_body_that_is_compressed_although_nobody_asked_for_it_is_opened() -> None:
    body = gzip.compress(b'{"choices":[]}')
    packed = await One(reply(200, body, {"content-encoding": "gzip"})).begin()
    assert packed.whole.body == b'{"choices":[]}'
    plain = await One(reply(200, b'{"choices":[]}', {"content-encoding": "Identity"})).begin()
    assert plain.whole.body == b'{"choices":[]}'


async def test_a_body_that_only_says_it_is_compressed_is_the_upstreams_failure() -> None:
    with pytest.raises(BadGateway, match="compression"):
        await One(reply(200, b'{"choices":[]}', {"content-encoding": "gzip"})).begin()


async def test_what_a_provider_refuses_is_not_sent_and_takes_no_place() -> None:
    one = One(completion(), ask(chat(n=2)), kind="ollama", max_in_flight=1, queue={"size": 0})
    async with one.member.gate.slot():
        with pytest.raises(Unsupported):
            await one.begin()
    assert one.transport.requests == []


async def test_a_busy_target_is_not_asked() -> None:
    one = One(completion(), max_in_flight=1, queue={"size": 0})
    async with one.member.gate.slot():
        with pytest.raises(Overloaded):
            await one.begin()
    assert one.transport.requests == []


async def test_a_place_is_held_until_the_attempt_is_closed() -> None:
    one = One(stream(chunk("a"), STOP, DONE), ask(STREAM), max_in_flight=1, queue={"size": 0})
    attempt = await one.begin()
    with pytest.raises(Overloaded):
        async with one.member.gate.slot():
            pass
    await attempt.aclose()
    async with one.member.gate.slot():
        assert one.closed == [1]


async def test_a_label_that_is_not_accepted_is_refused_by_the_way_out_itself() -> None:
    one = One(completion(), ask(labels=PRIVATE), accepts=[])
    with pytest.raises(EgressRefused):
        await one.begin()
    assert one.transport.requests == []


async def test_a_key_that_an_upstream_repeats_in_a_header_is_blotted_out() -> None:
    one = One(completion())
    answer = reply(200, {"choices": []}, {"x-echo": "Bearer sk-up"})
    one.transport = FakeTransport(up=answer)
    one.member = Fleet({"up": target("openai", "http://up/v1")}, {"up": "sk-up"}, "a", "v").members["up"]
    one.attempt = Attempt(Candidate("up", "m"), one.member, ask())
    assert (await one.begin()).headers["x-echo"] == "Bearer ***"


class Clock:
    """The event loop's clock, which a test sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: self.now)


def last(tokens: int) -> bytes:
    usage = {"prompt_tokens": 3, "completion_tokens": tokens, "total_tokens": tokens + 3}
    return b"data: " + json.dumps({"id": "c", "model": "m", "choices": [], "usage": usage}).encode() + b"\n\n"


async def test_a_stream_is_measured_from_the_send_to_its_first_content_and_from_there_to_its_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)

    class Slow(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for wait_s, piece in ((0.4, chunk("a")), (1, chunk("b")), (1, STOP), (0, last(61)), (0, DONE)):
                clock.now += wait_s
                yield piece

    kind = {"content-type": "text/event-stream"}
    one = One(lambda _: httpx.Response(200, headers=kind, stream=Slow()), ask(STREAM))
    attempt = await one.begin()
    assert one.member.measures.first_token.value == pytest.approx(0.4)
    assert one.member.measures.tokens_per_second.value is None
    assert [piece async for piece in attempt.stream.pieces()][-1].endswith(DONE)
    await attempt.aclose()
    assert one.member.measures.tokens_per_second.value == pytest.approx(30)


@pytest.mark.parametrize(
    ("answer", "asked"),
    [(completion(), ask()), (failure(500), ask(STREAM)), (stream(httpx.ReadError("reset")), ask(STREAM))],
)
async def test_what_tells_nothing_of_a_first_token_is_not_measured(answer: Answer, asked: Any) -> None:
    one = One(answer, asked)
    with suppress(UpstreamError):
        await one.begin()
    await one.attempt.aclose()
    assert (one.member.measures.first_token.value, one.member.measures.tokens_per_second.value) == (None, None)
