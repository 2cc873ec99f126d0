"""One try at one candidate: send, look at the head, and read until there is something worth answering."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import httpx

from proxy.errors import BadGateway, InternalError, Secret
from proxy.providers.base import Answer, Ask
from proxy.upstream.answered_stream import AnsweredStream
from proxy.upstream.egress import Egress
from proxy.upstream.faults import translated
from proxy.upstream.fleet import Member
from proxy.wire.sse import CONTENT_TYPE
from proxy.wire.usage import Usage
from routing_rules import Candidate

MAX_FAILURE = 2**20  # bytes of an error body that are read; no error needs more
MAX_ANSWER = 2**28  # bytes of a whole answer that are read: images and audio come inside


class Attempt:
    """An upstream request under way. It holds the target's slot and connection until it is closed."""

    def __init__(self, candidate: Candidate, member: Member, ask: Ask) -> None:
        self.candidate = candidate
        self.dropped: tuple[str, ...] = ()
        self.headers: Mapping[str, str] = {}
        self._member = member
        self._ask = ask
        self._answer: Answer | AnsweredStream | None = None
        self._open = AsyncExitStack()

    @property
    def secret(self) -> Secret:
        """The target's key, which nobody else may read."""
        return self._member.destination.secret

    @property
    def whole(self) -> Answer:
        """The whole answer, once an attempt that did not ask for a stream has begun."""
        if not isinstance(self._answer, Answer):
            raise InternalError("There is no whole answer.")
        return self._answer

    @property
    def stream(self) -> AnsweredStream:
        """The stream, once an attempt that asked for one has begun."""
        if not isinstance(self._answer, AnsweredStream):
            raise InternalError("There is no stream.")
        return self._answer

    @property
    def usage(self) -> Usage | None:
        """Tokens used, as far as the upstream has said."""
        return self.stream.reader.usage if self._ask.request.stream else self.whole.usage

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
        timeouts, now = self._member.target.timeouts, asyncio.get_running_loop().time()
        until = now + timeouts.total
        with translated(self._member.name):
            async with asyncio.timeout_at(
                min(until, now + timeouts.first_token) if self._ask.request.stream else until
            ):
                response = await egress.send(request, self._member.target)
                self._open.push_async_callback(response.aclose)
                self.headers = {name: self.secret.hidden_in(value) for name, value in response.headers.items()}
                await self._read(response, pieces_of(response), until, now)

    async def _read(self, response: httpx.Response, pieces: AsyncIterator[bytes], until: float, sent: float) -> None:
        provider = self._member.provider
        if not httpx.codes.is_success(response.status_code):
            body = await read_all(pieces, MAX_FAILURE)
            raise provider.failure(response.status_code, response.headers, body, self._ask)
        if not self._ask.request.stream:
            self._answer = provider.answer(await read_all(pieces, MAX_ANSWER), self._ask)
            return
        if not response.headers.get("content-type", "").lower().startswith(CONTENT_TYPE):
            provider.answer(await read_all(pieces, MAX_FAILURE), self._ask)  # raises the error that it may hold
            raise BadGateway("The upstream answered a request for a stream with a whole answer.")
        idle_s = self._member.target.timeouts.idle
        stream = self._answer = AnsweredStream(pieces, provider.events(self._ask), self._member.name, idle_s, until)
        await stream.begin()
        if stream.pace.first is not None:
            self._member.measures.first_token.add(stream.pace.first - sent)

    async def aclose(self) -> None:
        """Close the upstream's connection, or give it back if its answer was read to the end; free the slot."""
        try:
            if isinstance(self._answer, AnsweredStream):
                rate = self._answer.pace.tokens_per_second(self.usage)
                if rate is not None:
                    self._member.measures.tokens_per_second.add(rate)
                await self._answer.linger()
        finally:
            await self._open.aclose()


def pieces_of(response: httpx.Response) -> AsyncIterator[bytes]:
    """Read the body as it comes; one that is compressed although nobody asked for it is opened."""
    if response.headers.get("content-encoding", "identity").lower() == "identity":
        return response.aiter_raw()
    return response.aiter_bytes()


async def read_all(pieces: AsyncIterator[bytes], limit: int) -> bytes:
    """Read a body to its end. Raises BadGateway where it is larger than the limit, in bytes."""
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > limit:
            raise BadGateway("The upstream's answer is too large.")
    return bytes(body)
