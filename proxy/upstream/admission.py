"""How many requests a target answers at once, and how many may wait for it.

Ollama lets requests for a loaded model wait without a limit and without a byte (`server/sched.go`), so the queue that
says no stands here: `max_in_flight` at once, `queue.size` waiting, for at most `queue.timeout`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from proxy.errors import Overloaded
from routing_rules import Target

RETRY_AFTER_S = 5


class Gate:
    """The door to one target."""

    def __init__(self, target: Target) -> None:
        self._slots = asyncio.Semaphore(target.max_in_flight) if target.max_in_flight else None
        self._queue = target.queue
        self._limit = target.max_in_flight
        self._taken = 0
        self._waiting = 0

    @property
    def busy(self) -> float | None:
        """The share of `max_in_flight` that is taken; None without such a limit."""
        return self._taken / self._limit if self._limit else None

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold a place at the target. Raises Overloaded where there is none and none comes free in time."""
        if self._slots is None:
            yield
            return
        await self._enter(self._slots)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
            self._slots.release()

    async def _enter(self, slots: asyncio.Semaphore) -> None:
        if slots.locked() and self._waiting >= self._queue.size:
            raise Overloaded("The target is busy and its queue is full.", retry_after_s=RETRY_AFTER_S)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._queue.timeout):
                await slots.acquire()
        except TimeoutError:
            raise Overloaded("The target stayed busy for too long.", retry_after_s=RETRY_AFTER_S) from None
        finally:
            self._waiting -= 1
