"""A stream that an upstream has begun to answer: its bytes in, the client's events out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx

from proxy.errors import BadGateway, UpstreamError
from proxy.providers.base import EventReader
from proxy.upstream.faults import translated
from proxy.upstream.measures import Pace
from proxy.wire.sse import DONE, EventTooLong, FrameSplitter, event

LINGER_S = 0.05  # how long to wait after [DONE] for the end of the body, which frees the connection for reuse


class AnsweredStream:
    """Reads an upstream's events. What comes before the first content is held, so that another may still take over."""

    def __init__(
        self, pieces: AsyncIterator[bytes], reader: EventReader, name: str, idle_s: float, until: float
    ) -> None:
        """Take the body. `until` is when the whole answer must have come, by the clock of the event loop."""
        self.reader = reader
        self.pace = Pace()
        self._pieces = pieces
        self._name = name
        self._idle_s = idle_s
        self._until = until
        self._splitter = FrameSplitter()
        self._held = b""
        self._broken: UpstreamError | None = None  # what went wrong after the events that were read last

    async def begin(self) -> None:
        """Read until something is answered. Raises UpstreamError where nothing is."""
        begun = False
        while not begun and not self.reader.done and (piece := await anext(self._pieces, None)) is not None:
            written, begun = self._read(piece)
            self._raise_if_broken()
            self._held += written
        if begun:
            self.pace.content(asyncio.get_running_loop().time())
        else:
            self._held += self._last()

    async def pieces(self) -> AsyncIterator[bytes]:
        """Give the client's bytes as they come, `[DONE]` last. Raises UpstreamError where the stream breaks off."""
        if self._held:
            yield self._held
            self._held = b""
        now = asyncio.get_running_loop().time
        while not self.reader.done and (piece := await self._next()) is not None:
            came = now()
            written, content = self._read(piece)
            if content:
                self.pace.content(came)
            if written:
                yield written
                self.pace.held(now() - came)
            self._raise_if_broken()
        yield self._last() + DONE

    def _read(self, piece: bytes) -> tuple[bytes, bool]:
        """Turn upstream bytes into the client's; say whether they answer anything. A failure waits its turn."""
        begun, written = False, []
        try:
            for frame in self._splitter.feed(piece):
                if self.reader.done:  # what comes after [DONE] is nobody's
                    break
                if (chunk := self.reader.read(frame)) is not None:
                    written.append(event(chunk.payload))
                    begun = begun or chunk.content
        except UpstreamError as error:
            self._broken = error
        except EventTooLong:
            self._broken = BadGateway("The upstream sent an event that never ended.")
        return b"".join(written), begun

    def _raise_if_broken(self) -> None:
        if self._broken is not None:
            raise self._broken

    def _last(self) -> bytes:
        """Read what is left when the body has ended, and check that it ended as it should."""
        frame = None if self.reader.done else self._splitter.finish()
        chunks = (self.reader.read(frame) if frame is not None else None, self.reader.end())
        return b"".join(event(chunk.payload) for chunk in chunks if chunk is not None)

    async def _next(self) -> bytes | None:
        silent = asyncio.get_running_loop().time() + self._idle_s
        with translated(self._name):
            async with asyncio.timeout_at(min(silent, self._until)):
                return await anext(self._pieces, None)

    async def linger(self) -> None:
        """Wait for the end of a body that has said `[DONE]`, but not for long."""
        if not self.reader.done:
            return
        try:
            async with asyncio.timeout(LINGER_S):
                while await anext(self._pieces, None) is not None:
                    pass
        except (TimeoutError, httpx.RequestError):
            return
