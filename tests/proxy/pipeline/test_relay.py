from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from proxy.errors import BadGateway, GatewayTimeout, NoTarget, ProxyError, Secret
from proxy.pipeline.context import Record
from proxy.pipeline.relay import Begun, LateRelay, Relay, abandon
from proxy.sticky.transcript import Transcript
from proxy.tasks import Tasks
from proxy.upstream.attempt import Attempt
from proxy.wire.failure import error_events
from proxy.wire.sse import DONE
from proxy.wire.usage import Usage
from routing_rules import Candidate

pytestmark = pytest.mark.anyio


class FakeAttempt:
    """An attempt whose stream is given in advance; it counts how often it was closed."""

    def __init__(self, *pieces: bytes | ProxyError) -> None:
        self.candidate = Candidate("local", "m")
        self.usage = Usage(3, 2, 5)
        self.closed = 0
        self.secret = Secret("sk-operator")
        self._pieces = pieces

    @property
    def stream(self) -> FakeAttempt:
        return self

    async def pieces(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def aclose(self) -> None:
        self.closed += 1


class Settled(list[Record]):
    """The records that were settled."""

    @property
    def statuses(self) -> list[tuple[int, str | None]]:
        return [(record.status, record.code) for record in self]


def relay(attempt: FakeAttempt) -> tuple[Relay, Settled]:
    settled = Settled()
    return Relay(cast(Attempt, attempt), Record(id="1", endpoint="chat"), settled.append), settled


async def begun(attempt: FakeAttempt, attempts: int = 1) -> Begun:
    return cast(Attempt, attempt), attempts


async def read(body: Relay | LateRelay) -> list[bytes]:
    try:
        return [piece async for piece in body.pieces()]
    finally:
        await body.aclose()


async def test_pieces_go_on_as_they_come() -> None:
    attempt = FakeAttempt(b"one", b"two", b"three")
    body, settled = relay(attempt)
    assert await read(body) == [b"one", b"two", b"three"]
    assert settled.statuses == [(200, None)]
    assert (settled[0].usage, attempt.closed) == (Usage(3, 2, 5), 1)


async def test_the_time_of_the_first_piece_is_kept_and_not_of_a_later_one() -> None:
    body, settled = relay(FakeAttempt(b"one", b"two"))
    pieces = body.pieces()
    await anext(pieces)
    first = body._record.first
    await anext(pieces)
    assert first is not None
    assert body._record.first == first
    assert settled == []


@pytest.mark.parametrize("error", [BadGateway("It broke off."), GatewayTimeout("It was silent.")])
async def test_a_failure_is_said_in_the_stream_and_ends_it(error: ProxyError) -> None:
    body, settled = relay(FakeAttempt(b"one", error, b"never"))
    assert await read(body) == [b"one", error_events(error)]
    assert settled.statuses == [(error.status, error.code)]


@pytest.mark.parametrize("read_first", [0, 1, 2])
async def test_whoever_stops_reading_is_a_client_that_left(read_first: int) -> None:
    attempt = FakeAttempt(b"one", b"two", b"three")
    body, settled = relay(attempt)
    pieces = body.pieces()
    for _ in range(read_first):
        await anext(pieces)
    await body.aclose()
    assert (settled.statuses, attempt.closed) == ([(499, None)], 1)


def late(beginning: asyncio.Task[Begun]) -> tuple[LateRelay, Settled]:
    settled = Settled()
    return LateRelay(beginning, Record(id="1", endpoint="chat"), settled.append), settled


async def test_a_late_beginning_is_waited_for_and_then_handed_on() -> None:
    attempt, go = FakeAttempt(b"one", b"two"), asyncio.Event()

    async def begin() -> Begun:
        await go.wait()
        return await begun(attempt, 2)

    body, settled = late(Tasks().start(begin()))
    reading = asyncio.ensure_future(read(body))
    await asyncio.sleep(0)
    assert not reading.done()
    go.set()
    assert await reading == [b"one", b"two"]
    (record,) = settled
    assert (record.target, record.model, record.attempts, record.status) == ("local", "m", 2, 200)
    assert attempt.closed == 1


async def test_a_beginning_that_fails_late_is_said_in_the_stream() -> None:
    error = NoTarget("Nobody is there.")
    error.attempts = 3

    async def begin() -> Begun:
        raise error

    body, settled = late(Tasks().start(begin()))
    assert await read(body) == [error_events(error)]
    assert settled.statuses == [(503, "no_target_available")]
    assert settled[0].attempts == 3


async def test_a_client_that_leaves_while_it_waits_stops_the_beginning() -> None:
    stopped = asyncio.Event()

    async def begin() -> Begun:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        raise AssertionError

    beginning = Tasks().start(begin())
    body, settled = late(beginning)
    reading = asyncio.ensure_future(read(body))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert (stopped.is_set(), beginning.cancelled()) == (True, True)
    assert settled.statuses == [(499, None)]


async def test_a_beginning_that_ended_unseen_is_closed() -> None:
    attempt = FakeAttempt(b"one")
    beginning = Tasks().start(begun(attempt))
    body, settled = late(beginning)
    await asyncio.wait({beginning})
    await body.aclose()
    assert (settled.statuses, attempt.closed) == ([(499, None)], 1)


async def test_abandoning_takes_any_outcome() -> None:
    async def fail() -> Begun:
        raise BadGateway("It broke off.")

    attempt, tasks = FakeAttempt(), Tasks()
    ended = [tasks.start(fail()), tasks.start(begun(attempt))]
    await asyncio.wait(ended)
    for beginning in (*ended, tasks.start(asyncio.sleep(1e9, result=await begun(attempt)))):
        await abandon(beginning)
        assert beginning.done()
    assert attempt.closed == 1


async def test_a_key_that_an_upstream_repeats_in_a_stream_goes_no_further() -> None:
    body, _ = relay(FakeAttempt(b"one", BadGateway("The key sk-operator is wrong.")))
    assert await read(body) == [b"one", error_events(BadGateway("The key *** is wrong."))]


async def test_a_fault_of_ours_is_not_taken_for_a_client_that_left() -> None:
    attempt = FakeAttempt(b"one", cast(ProxyError, ValueError("a bug")))
    body, settled = relay(attempt)
    with pytest.raises(ValueError, match="a bug"):
        await read(body)
    assert (settled.statuses, attempt.closed) == ([(500, None)], 1)


def said(content: str) -> bytes:
    return b'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n' % content.encode()


@pytest.mark.parametrize("last", [DONE, BadGateway("It broke off.")])
async def test_a_reply_is_remembered_before_the_client_knows_that_it_is_over(last: bytes | ProxyError) -> None:
    heard: list[str] = []
    body, _ = relay(FakeAttempt(said("hello "), said("Anna"), last))
    body._record.transcript = Transcript(lambda replies, _: heard.append(replies[0].whole))
    pieces = body.pieces()
    assert [await anext(pieces), await anext(pieces)] == [said("hello "), said("Anna")]
    assert heard == []
    assert (await anext(pieces)).endswith(DONE)
    assert heard == ["hello Anna"]
