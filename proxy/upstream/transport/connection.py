"""One HTTP/1.1 connection to an upstream: a request out, an answer in, one at a time.

httptools (llhttp) parses and is strict about framing. Bytes of the body wait here until they are read; when more than
`HIGH_WATER` wait, the socket is not read any further.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import httptools
import httpx

HIGH_WATER = 2**16
MAX_HEAD = 2**17  # bytes of an answer's head; OpenAI's own limit for a request's is half of that

Head = list[tuple[bytes, bytes]]


class Connection(asyncio.Protocol):
    """A connection, used for one exchange after another."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.reused = False
        self.touched = False  # a byte of the current answer has come
        self.idle_since = 0.0
        self._transport: asyncio.Transport | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._closed: Exception | None = None
        self._wakeup: asyncio.Future[None] | None = None
        self._reset()

    def _reset(self) -> None:
        self.status = 0
        self.headers: Head = []
        self.touched = False
        self._parser = httptools.HttpResponseParser(self)
        self._head_size = 0
        self._head_done = self._complete = False
        self._until_close = self._kept_alive = False
        self._waiting: list[bytes] = []
        self._waiting_size = 0
        self._paused = False

    # --- what a user of the connection calls ---

    async def send(self, head: bytes, body: bytes) -> None:
        """Write a request. Raises httpx.WriteError where the connection is gone."""
        if self._transport is None or self._closed is not None:
            raise httpx.WriteError("the connection is closed")
        self._transport.write(head + body if len(body) < HIGH_WATER else head)
        if len(body) >= HIGH_WATER:
            self._transport.write(body)
        if not self._writable.is_set():
            await self._either_writable_or_answered()

    async def _either_writable_or_answered(self) -> None:
        """Wait until the request is written, or until an answer makes the rest of it needless."""
        while not (self._writable.is_set() or self._head_done or self._closed):
            await self._wait()

    async def head(self) -> tuple[int, Head]:
        """Wait for the answer's status and headers. Raises httpx.TransportError."""
        while not self._head_done:
            self._raise_if_closed()
            await self._wait()
        return self.status, self.headers

    async def body(self) -> AsyncIterator[bytes]:
        """Give the body as it comes. Raises httpx.TransportError where it is cut."""
        while True:
            if self._waiting:
                yield self._take()
            elif self._complete:
                return
            else:
                self._raise_if_closed()
                await self._wait()

    @property
    def is_reusable(self) -> bool:
        """Whether the answer is complete, was framed, and both sides may keep the connection."""
        whole = self._complete and not self._waiting and not self._until_close and self._closed is None
        unsent = self._transport.get_write_buffer_size() if self._transport else 1
        return whole and self._kept_alive and not unsent

    @property
    def is_open(self) -> bool:
        """Whether the connection may still be used."""
        return self._closed is None and self._transport is not None and not self._transport.is_closing()

    def rest(self, now: float) -> None:
        """Make ready for the next exchange."""
        self._reset()
        self.reused, self.idle_since = True, now
        self._complete = True  # whatever comes before the next request is nothing that was asked for

    def begin(self) -> None:
        """Begin an exchange."""
        self._reset()

    def abort(self) -> None:
        """Close at once; nothing more is read or written."""
        self._closed = self._closed or httpx.ReadError("the connection was closed")
        if self._transport is not None:
            self._transport.abort()

    # --- what asyncio calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Parse some bytes; what cannot be parsed, or was not asked for, ends the connection."""
        if self._complete:
            self._fail(httpx.RemoteProtocolError("bytes after the answer"))
            return
        self.touched = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, _Refused) as error:
            self._fail(httpx.RemoteProtocolError(str(error)))
        self._wake()

    def eof_received(self) -> bool:
        """End an answer that lasts until its connection closes."""
        if self._head_done and self._until_close:
            self._complete = True
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember that the connection is gone."""
        reason = "the server broke off its answer" if self._head_done else "the server disconnected"
        self._closed = self._closed or httpx.RemoteProtocolError(str(exc) if exc else reason)
        self._writable.set()
        self._wake()

    def pause_writing(self) -> None:
        """Remember that the socket takes no more for now."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Remember that the socket takes more again."""
        self._writable.set()
        self._wake()

    # --- what httptools calls ---

    def on_message_begin(self) -> None:
        """Refuse a second answer to one request."""
        if self._complete:
            raise _Refused("bytes after the answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field."""
        self._head_size += len(name) + len(value)
        if self._head_size > MAX_HEAD:
            raise _Refused("the answer's head is too large")
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Take the head; an interim one (1xx) is passed over, an upgrade is refused."""
        status = self._parser.get_status_code()
        if status == 101:  # noqa: PLR2004 - Switching Protocols
            raise _Refused("the server switched protocols")
        if status < 200:  # noqa: PLR2004 - an interim answer
            self.headers = []
            return
        self.status, self._head_done = status, True
        names = {name for name, _ in self.headers}
        bodiless = status in {204, 304}
        self._until_close = not bodiless and not names & {b"content-length", b"transfer-encoding"}

    def on_body(self, data: bytes) -> None:
        """Take a piece of the body."""
        self._waiting.append(data)
        self._waiting_size += len(data)
        if self._waiting_size > HIGH_WATER and not self._paused and self._transport is not None:
            self._transport.pause_reading()
            self._paused = True

    def on_message_complete(self) -> None:
        """Note the end of the answer; only here does the parser still know whether the connection may be kept."""
        self._complete = self._head_done
        self._kept_alive = self._complete and self._parser.should_keep_alive()

    # --- waiting ---

    def _take(self) -> bytes:
        piece = self._waiting[0] if len(self._waiting) == 1 else b"".join(self._waiting)
        self._waiting, self._waiting_size = [], 0
        if self._paused and self._transport is not None:
            self._transport.resume_reading()
            self._paused = False
        return piece

    async def _wait(self) -> None:
        self._wakeup = asyncio.get_running_loop().create_future()
        try:
            await self._wakeup
        finally:
            self._wakeup = None

    def _wake(self) -> None:
        if self._wakeup is not None and not self._wakeup.done():
            self._wakeup.set_result(None)

    def _fail(self, error: Exception) -> None:
        self._closed = self._closed or error
        if self._transport is not None:
            self._transport.abort()

    def _raise_if_closed(self) -> None:
        if self._closed is not None:
            raise self._closed


class _Refused(Exception):
    """Something in an answer is well-formed and still not accepted."""
