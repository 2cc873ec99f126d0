"""One try at one candidate: send, look at the head, and read until there is something worth answering."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import httpx

from proxy.errors import BadGateway
from proxy.providers.base import Answer, Ask, EventReader
from proxy.upstream.egress import Egress
from proxy.upstream.faults import translated
from proxy.upstream.fleet import Member
from proxy.wire.sse import CONTENT_TYPE, DONE, EventTooLong, FrameSplitter, event
from proxy.wire.usage import Usage
from routing_rules import Candidate

MAX_FAILURE = 2**20  # bytes of an error body that are read; no error needs more
MAX_ANSWER = 2**28  # bytes of a whole answer that are read: images and audio come inside
LINGER_S = 0.05  # how long to wait after [DONE] for the end of the body, which frees the connection for reuse


class Attempt:
    """An upstream request under way. It holds the target's slot and connection until it is closed."""

    def __init__(self, candidate: Candidate, member: Member, ask: Ask) -> None:
        self.candidate = candidate
        self.dropped: tuple[str, ...] = ()
        self.headers: Mapping[str, str] = {}
        self.answer: Answer | None = None
        self._member = member
        self._ask = ask
        self._held = b""
        self._reader: EventReader | None = None
        self._pieces: AsyncIterator[bytes] | None = None
        self._splitter = FrameSplitter()
        self._open = AsyncExitStack()

    @property
    def usage(self) -> Usage | None:
        """Tokens used, as far as the upstream has said."""
        return self.answer.usage if self.answer else self._reader.usage if self._reader else None

    async def begin(self, egress: Egress, client: Mapping[str, str]) -> None:
        """Send, and wait for a whole answer or the first content of a stream. Raises UpstreamError and its kin."""
        prepared = self._member.provider.prepare(self._ask)
        self.dropped = prepared.dropped
        await self._open.enter_async_context(self._member.gate.slot())
        request = self._member.destination.post(
            "/chat/completions",
            prepared.body,
            model=self.candidate.model,
            labels=self._ask.labels,
            client=client,
        )
        timeouts = self._member.target.timeouts
        with translated(self._member.name):
            async with asyncio.timeout(timeouts.first_token if self._ask.request.stream else timeouts.total):
                response = await egress.send(request, self._member.target)
                self._open.push_async_callback(response.aclose)
                await self._read_head(response)

    async def _read_head(self, response: httpx.Response) -> None:
        self.headers = response.headers
        pieces = _pieces(response)
        if not httpx.codes.is_success(response.status_code):
            body = await _read_all(pieces, MAX_FAILURE)
            raise self._member.provider.failure(response.status_code, response.headers, body, self._ask)
        if self._ask.request.stream:
            await self._begin_stream(response, pieces)
        else:
            self.answer = self._member.provider.answer(await _read_all(pieces, MAX_ANSWER), self._ask)

    async def _begin_stream(self, response: httpx.Response, pieces: AsyncIterator[bytes]) -> None:
        """Hold what comes before the first content, so that another candidate may still take over."""
        if not response.headers.get("content-type", "").startswith(CONTENT_TYPE):
            self._member.provider.answer(await _read_all(pieces, MAX_FAILURE), self._ask)  # raises what it says, if it does
            raise BadGateway("The upstream answered a request for a stream with a whole answer.")
        self._pieces, self._reader = pieces, self._member.provider.events(self._ask)
        begun = False
        while not begun:
            piece = await anext(pieces, None)
            if piece is None:
                self._held += self._last()
                return
            written, begun = self._read(piece)
            self._held += written

    def _read(self, piece: bytes) -> tuple[bytes, bool]:
        """Turn upstream bytes into the client's; say whether they answer anything."""
        assert self._reader is not None
        begun, written = False, []
        try:
            for frame in self._splitter.feed(piece):
                if (chunk := self._reader.read(frame)) is not None:
                    written.append(event(chunk.payload))
                    begun = begun or chunk.content
        except EventTooLong:
            raise BadGateway("The upstream sent an event that never ended.") from None
        return b"".join(written), begun or self._reader.done

    def _last(self) -> bytes:
        """Read what is left when the body has ended, and check that it ended as it should."""
        assert self._reader is not None
        written = b""
        if (frame := self._splitter.finish()) is not None and (chunk := self._reader.read(frame)) is not None:
            written = event(chunk.payload)
        self._reader.end()
        return written

    async def stream(self) -> AsyncIterator[bytes]:
        """Give the client's bytes as they come, `[DONE]` last. Raises UpstreamError where the stream breaks off."""
        assert self._pieces is not None
        assert self._reader is not None
        if self._held:
            yield self._held
            self._held = b""
        while not self._reader.done and (piece := await self._next(self._pieces)) is not None:
            written, _ = self._read(piece)
            if written:
                yield written
        last = self._last()
        yield last + DONE
        await self._linger(self._pieces)

    async def _next(self, pieces: AsyncIterator[bytes]) -> bytes | None:
        with translated(self._member.name):
            async with asyncio.timeout(self._member.target.timeouts.idle):
                return await anext(pieces, None)

    async def _linger(self, pieces: AsyncIterator[bytes]) -> None:
        try:
            async with asyncio.timeout(LINGER_S):
                while await anext(pieces, None) is not None:
                    pass
        except (TimeoutError, httpx.TransportError):
            return

    async def aclose(self) -> None:
        """Close the upstream's connection, or give it back if its answer was read to the end; free the slot."""
        await self._open.aclose()


def _pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """Read the body as it comes; one that is compressed although nobody asked for it is opened."""
    if response.headers.get("content-encoding", "identity").lower() == "identity":
        return response.aiter_raw()
    return response.aiter_bytes()


async def _read_all(pieces: AsyncIterator[bytes], limit: int) -> bytes:
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > limit:
            raise BadGateway("The upstream's answer is too large.")
    return bytes(body)
