from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from proxy.endpoints.asgi_types import Message
from proxy.endpoints.sending import heartbeat, send_error, send_reply, send_whole
from proxy.errors import BadRequest, Overloaded
from proxy.pipeline.context import Reply
from proxy.tasks import Tasks
from proxy.wire.sse import KEEP_ALIVE
from tests.fakes.asgi import Client, Sent

pytestmark = pytest.mark.anyio

NEVER = 1e9


class Stream:
    """A body whose pieces are given in advance: bytes come at once, an event is waited for."""

    def __init__(self, *pieces: bytes | asyncio.Event) -> None:
        self._pieces = pieces
        self.read = 0
        self.closed = 0

    async def pieces(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, asyncio.Event):
                await piece.wait()
            else:
                self.read += 1
                yield piece

    async def aclose(self) -> None:
        self.closed += 1


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    made = Tasks()
    yield made
    await made.aclose()


async def test_a_whole_answer_has_its_length(tasks: Tasks) -> None:
    sent = Sent()
    await send_reply(Reply(headers={"x-a": "b"}, body=b"hello"), sent.send, tasks, NEVER)
    assert (sent.status, sent.headers, sent.body) == (200, {"x-a": "b", "content-length": "5"}, b"hello")
    assert sent.complete


async def test_a_stream_is_sent_piece_by_piece_and_ended(tasks: Tasks) -> None:
    sent, body = Sent(), Stream(b"one", b"two")
    await send_reply(Reply(headers={"x-a": "b"}, body=body), sent.send, tasks, NEVER)
    assert (sent.headers, sent.pieces) == ({"x-a": "b"}, [b"one", b"two"])
    assert (sent.complete, body.closed) == (True, 1)


async def test_a_client_that_does_not_read_holds_the_stream_back(tasks: Tasks) -> None:
    body, taken = Stream(b"one", b"two", b"three"), asyncio.Semaphore(2)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        await taken.acquire()
        sent.append(message)

    sending_it = asyncio.ensure_future(send_reply(Reply(headers={}, body=body), send, tasks, NEVER))
    for _ in range(20):
        await asyncio.sleep(0)
    assert (len(sent), body.read) == (2, 2)
    for _ in range(10):
        taken.release()
    await sending_it
    assert body.read == 3


async def test_a_client_that_leaves_closes_the_stream_although_the_sender_is_cancelled(tasks: Tasks) -> None:
    sent, body = Sent(), Stream(b"one", asyncio.Event())
    sending_it = asyncio.ensure_future(send_reply(Reply(headers={}, body=body), sent.send, tasks, NEVER))
    for _ in range(5):
        await asyncio.sleep(0)
    assert sent.pieces == [b"one"]
    sending_it.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending_it
    assert body.closed == 1


async def test_a_stream_whose_head_cannot_be_sent_is_closed_too(tasks: Tasks) -> None:
    body = Stream(b"one")

    async def send(_: Message) -> None:
        raise OSError

    with pytest.raises(OSError):
        await send_reply(Reply(headers={}, body=body), send, tasks, NEVER)
    assert (body.closed, body.read) == (1, 0)


# --- keep-alive ---


class Clock:
    """A sleep that lasts until the test says that time has passed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._waiting: list[asyncio.Event] = []
        self.asked: list[float] = []
        self.now = 0.0
        monkeypatch.setattr("proxy.endpoints.sending._now", lambda: self.now)
        monkeypatch.setattr("proxy.endpoints.sending.asyncio.sleep", self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        self._waiting.append(asyncio.Event())
        await self._waiting[-1].wait()

    async def passes(self) -> None:
        """Let the time pass that was waited for last, and let everybody act on it."""
        await self.settle()
        self.now += self.asked[-1]
        self._waiting.pop().set()
        await self.settle()

    async def settle(self) -> None:
        """Let everybody act who can."""
        for _ in range(10):
            ready = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(ready.set_result, None)
            await ready


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


async def test_a_silent_stream_gets_a_comment_and_one_that_talks_does_not(tasks: Tasks, clock: Clock) -> None:
    sent = Sent()
    async with heartbeat(sent.send, tasks, 10) as heart:
        await clock.passes()
        assert sent.pieces == [KEEP_ALIVE]
        heart.last = 15  # five seconds later it talks
        await clock.passes()
        assert sent.pieces == [KEEP_ALIVE]
        await clock.passes()
        assert sent.pieces == [KEEP_ALIVE] * 2
    assert clock.asked == [10, 10, 5, 10]


async def test_no_comment_comes_while_a_piece_is_being_sent(tasks: Tasks, clock: Clock) -> None:
    sent = Sent()
    async with heartbeat(sent.send, tasks, 10) as heart:
        heart.sending = True
        await clock.passes()
        assert sent.pieces == []


async def test_no_comment_comes_after_the_end(tasks: Tasks, clock: Clock) -> None:
    sent = Sent()
    async with heartbeat(sent.send, tasks, 10):
        await clock.settle()
    await clock.passes()
    assert sent.pieces == []


async def test_a_slow_upstream_is_bridged_with_comments_between_whole_events(tasks: Tasks, clock: Clock) -> None:
    sent, loaded = Sent(), asyncio.Event()
    body = Stream(loaded, b"data: one\n\n", b"data: two\n\n")
    sending_it = asyncio.ensure_future(send_reply(Reply(headers={}, body=body), sent.send, tasks, 10))
    await clock.passes()
    await clock.passes()
    loaded.set()
    await sending_it
    assert sent.pieces == [KEEP_ALIVE, KEEP_ALIVE, b"data: one\n\n", b"data: two\n\n"]
    assert sent.complete


# --- errors ---


async def test_an_error_is_sent_whole_with_its_headers() -> None:
    sent = Sent()
    await send_error(Overloaded("Full.", retry_after_s=5), sent.send)
    assert (sent.status, sent.headers["retry-after"]) == (503, "5")
    assert sent.headers["content-type"] == "application/json"
    assert int(sent.headers["content-length"]) == len(sent.body)
    assert json.loads(sent.body)["error"]["message"] == "Full."
    assert sent.complete


async def test_an_error_is_sent_before_the_rest_of_the_request_is_taken_in() -> None:
    sent, client = Sent(), Client(b"a", b"b", b"c")
    await send_error(BadRequest("No."), sent.send, client.receive)
    assert client.received == 3
    assert json.loads(sent.body)["error"]["message"] == "No."
    assert sent.messages[1]["more_body"]
    assert sent.complete


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a\r\nset-cookie: x", "a  set-cookie: x"),
        ("a\x00b", "a b"),
        ("caf\u00e9", "caf\u00e9"),
        ("\u20ac", "?"),
        ("a\x7f\x85", "a  "),
    ],
)
async def test_no_header_breaks_an_answer(value: str, written: str) -> None:
    sent = Sent()
    await send_whole(sent.send, 200, {"x-a": value}, b"")
    assert sent.headers["x-a"] == written
