"""Handing a stream on to the client, and ending it honestly.

After the first content nobody can take over, so a failure is said in the stream: an error event, then `[DONE]`. A relay
is closed by whoever reads it, also when nothing was read: only then are the upstream's connection and slot free again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

from proxy.errors import ProxyError
from proxy.pipeline.context import Record
from proxy.pipeline.settle import CLIENT_LEFT
from proxy.upstream.attempt import Attempt
from proxy.wire.failure import error_events

Begun = tuple[Attempt, int]
Settled = Callable[[Record], None]


class Relay:
    """A stream whose upstream has begun to answer."""

    def __init__(self, attempt: Attempt, record: Record, settled: Settled) -> None:
        # Whoever stops reading before the end is a client that left, until the end says otherwise.
        record.status = CLIENT_LEFT
        self._attempt = attempt
        self._record = record
        self._settled = settled

    async def pieces(self) -> AsyncIterator[bytes]:
        """Give the client's bytes as they come, each piece of whole events."""
        record, transcript = self._record, self._record.transcript
        try:
            async for piece in self._attempt.stream.pieces():
                record.first = record.first or time.perf_counter()
                if transcript is not None:
                    transcript.take(piece)
                yield piece
            record.status = 200
        except ProxyError as error:
            record.status, record.code = error.status, error.code
            if transcript is not None:
                transcript.end()
            yield error_events(error.without(self._attempt.secret))
        except Exception:
            record.status = 500  # a fault of ours; the edge says where
            raise

    async def aclose(self) -> None:
        """Settle the exchange and close the upstream, or give its connection back if it was read to the end."""
        self._record.usage = self._attempt.usage
        self._settled(self._record)
        await self._attempt.aclose()


class LateRelay:
    """A stream that got its headers before any upstream had begun to answer; a failure now is said in the stream."""

    def __init__(self, beginning: asyncio.Task[Begun], record: Record, settled: Settled) -> None:
        record.status = CLIENT_LEFT
        self._beginning = beginning
        self._record = record
        self._settled = settled
        self._relay: Relay | None = None

    async def pieces(self) -> AsyncIterator[bytes]:
        """Wait for an attempt, then give the client's bytes as they come."""
        record = self._record
        try:
            attempt, record.attempts = await asyncio.shield(self._beginning)
        except ProxyError as error:
            record.status, record.code, record.attempts = error.status, error.code, error.attempts
            yield error_events(error)
            return
        record.target, record.model = attempt.candidate.target, attempt.candidate.model
        self._relay = Relay(attempt, record, self._settled)
        async for piece in self._relay.pieces():
            yield piece

    async def aclose(self) -> None:
        """Settle the exchange and close what has been opened for it."""
        if self._relay is not None:
            await self._relay.aclose()
            return
        self._settled(self._record)
        await abandon(self._beginning)


async def abandon(beginning: asyncio.Task[Begun]) -> None:
    """Stop a beginning that nobody waits for any more, and close what it may have opened."""
    beginning.cancel()
    (outcome,) = await asyncio.gather(beginning, return_exceptions=True)
    if isinstance(outcome, tuple):
        await outcome[0].aclose()
