"""Writing answers to ASGI: whole ones, streams with their keep-alive comments, and errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager

from proxy.endpoints.asgi_types import Receive, Send
from proxy.endpoints.body import drain
from proxy.errors import ProxyError
from proxy.pipeline.context import Reply, StreamBody
from proxy.tasks import Tasks
from proxy.wire.failure import error_body
from proxy.wire.sse import KEEP_ALIVE


async def send_reply(reply: Reply, send: Send, tasks: Tasks, keep_alive_s: float) -> None:
    """Send an answer. A client that reads slowly holds the upstream back: every piece is awaited."""
    if isinstance(reply.body, bytes):
        await send_whole(send, 200, reply.headers, reply.body)
        return
    try:
        await _start(send, 200, reply.headers)
        await _send_stream(reply.body, send, tasks, keep_alive_s)
    finally:
        # The server calls a client gone as soon as it has the last byte; the upstream is still closed in order.
        await tasks.finish(reply.body.aclose())


async def _send_stream(body: StreamBody, send: Send, tasks: Tasks, keep_alive_s: float) -> None:
    async with heartbeat(send, tasks, keep_alive_s) as heart, aclosing(body.pieces()) as pieces:  # type: ignore[type-var]
        async for piece in pieces:
            heart.sending = True
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            heart.sending, heart.last = False, _now()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _now() -> float:
    return asyncio.get_running_loop().time()


class Heart:
    """Whether a stream is alive: a piece is being sent, or when the last one was, by the clock of the event loop."""

    def __init__(self) -> None:
        self.sending = False
        self.last = _now()


@asynccontextmanager
async def heartbeat(send: Send, tasks: Tasks, every_s: float) -> AsyncIterator[Heart]:
    """Send a comment whenever a stream has been silent, so that nobody on the way takes it for dead.

    Pieces are whole events, so a comment between two of them never cuts one.
    """
    heart = Heart()
    task = tasks.start(_beat(heart, send, every_s))
    try:
        yield heart
    finally:
        task.cancel()


async def _beat(heart: Heart, send: Send, every_s: float) -> None:
    while True:
        await asyncio.sleep(heart.last + every_s - _now() if not heart.sending else every_s)
        if not heart.sending and _now() - heart.last >= every_s:
            await send({"type": "http.response.body", "body": KEEP_ALIVE, "more_body": True})
            heart.last = _now()


async def send_whole(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Send a whole answer."""
    await _start(send, status, {**headers, "content-length": str(len(body))})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def send_error(error: ProxyError, send: Send, receive: Receive | None = None) -> None:
    """Send an error; with `receive`, the rest of the request is taken in before the connection closes."""
    body = error_body(error)
    headers = {"content-type": "application/json", **error.headers, "content-length": str(len(body))}
    await _start(send, error.status, headers)
    await send({"type": "http.response.body", "body": body, "more_body": receive is not None})
    if receive is not None:
        await drain(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _start(send: Send, status: int, headers: Mapping[str, str]) -> None:
    encoded = [(name.encode("latin-1"), _safe(value).encode("latin-1", "replace")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})


def _safe(value: str) -> str:
    """Return a header value without what would end it: a server that finds CR or LF in one drops the whole answer."""
    return value if value.isprintable() else "".join(char if char.isprintable() else " " for char in value)
