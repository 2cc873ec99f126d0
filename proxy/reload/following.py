"""Following the verdicts: what each process that serves does when rules change."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import suppress

from proxy.config.schema import Config
from proxy.reload.generation import Generation
from proxy.reload.generations import Generations
from proxy.reload.loaded import Loaded, Refusal, Verdict, reasons
from proxy.telemetry.events import Emit, ReloadRefused, RulesReloaded

WARM_S = 1.0  # how long new targets may take to say what they have, before the rules that use them are in force
BUILDING = "the new rules"

Make = Callable[[Loaded, Generation], Generation]
Applied = Callable[[Config, Config], None]


async def follow(
    verdicts: AsyncIterable[Verdict], generations: Generations, make: Make, applied: Applied, emit: Emit
) -> None:
    """Put every verdict in force, in order.

    `make` builds a generation beside the current one; `applied` is told of the configuration before and the one now.
    """
    async for verdict in verdicts:
        generations.refused = verdict.refused
        if verdict.loaded is not None:
            try:
                before = generations.current.config
                generations.swap(await _warm(make(verdict.loaded, generations.current)))
                applied(before, verdict.loaded.config)
                emit(_reloaded(verdict.loaded.config))
            except Exception as error:  # noqa: BLE001 - a fault of ours must not end the following
                generations.refused = Refusal(BUILDING, reasons(error))
                emit(ReloadRefused(file=BUILDING, problems=reasons(error)))


async def _warm(new: Generation) -> Generation:
    """Find out what new targets have while the old rules still serve, so that no request waits for it."""
    warm = new.warmth.catch_up(WARM_S) if new.warmth is not None else asyncio.sleep(0)
    await asyncio.gather(new.catalogue.catch_up(WARM_S), warm)
    return new


def _reloaded(config: Config) -> RulesReloaded:
    return RulesReloaded(process=os.getpid(), rules=len(config.rule), targets=tuple(config.target))


class Mailbox:
    """Verdicts that another process decided on: put in by any thread, taken out by the event loop, in order.

    It travels to a new process with what has not been taken out of it yet.
    """

    def __init__(self) -> None:
        self._waiting: deque[Verdict] = deque()
        self._wake: Callable[[], object] | None = None

    def put(self, verdict: Verdict) -> None:
        """Put a verdict in."""
        self._waiting.append(verdict)
        if self._wake is not None:
            with suppress(RuntimeError):  # the event loop is closed: this process is about to end
                self._wake()

    def leave(self, verdict: Verdict) -> None:
        """Put a verdict in, in place of all that are there."""
        self._waiting.clear()
        self._waiting.append(verdict)

    async def verdicts(self) -> AsyncIterator[Verdict]:
        """Take verdicts out as they come."""
        loop, news = asyncio.get_running_loop(), asyncio.Event()
        self._wake = lambda: loop.call_soon_threadsafe(news.set)
        while True:
            news.clear()
            while self._waiting:
                yield self._waiting.popleft()
            await news.wait()
