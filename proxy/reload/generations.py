"""Which generation answers: one for whoever comes now, and older ones until their last request is over.

Plain synchronous methods: no await stands between reading and writing, so a request never sees two generations.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from proxy.reload.generation import Generation
from proxy.reload.loaded import Refusal
from proxy.tasks import Tasks
from proxy.telemetry.facts_logs import FactsLogs


class Generations:
    """The generation in force, and those that are still in use. `refused` says why a newer file is not in force."""

    def __init__(self, first: Generation, tasks: Tasks, facts_logs: FactsLogs | None = None) -> None:
        self.current = first
        self.refused: Refusal | None = None
        self._tasks = tasks
        self._facts_logs = facts_logs
        self._leases: Counter[Generation] = Counter()
        self._background: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Let the current generation work in the background, in place of any before it.

        It asks its targets now and then what they have, and reads the tables by which prompts are counted.
        """
        for task in self._background:
            task.cancel()
        now = (self.current.catalogue, self.current.warmth, self.current.counting)
        self._background = [self._tasks.start(one.run()) for one in now if one is not None]

    @contextmanager
    def lease(self) -> Iterator[Generation]:
        """Give the generation in force, to be used until the end of a request, whatever is swapped in meanwhile."""
        generation = self.current
        self._leases[generation] += 1
        try:
            yield generation
        finally:
            self._leases[generation] -= 1
            if not self._leases[generation]:
                del self._leases[generation]
                if generation is not self.current:
                    self._tidy()

    def swap(self, new: Generation) -> None:
        """Put a generation in force; the one before ends with the last request that began with it."""
        self.current = new
        self.start()
        self._tidy()

    def in_use(self) -> list[Generation]:
        """Return the generations in use, the current one among them."""
        return list({self.current: None} | dict.fromkeys(self._leases))

    def _tidy(self) -> None:
        """Close idle connections to places, and logs, that no generation in use knows."""
        members = [member for generation in self.in_use() for member in generation.fleet.members.values()]
        self.current.egress.keep_only([member.destination.root for member in members])
        if self._facts_logs is not None:
            self._facts_logs.keep_only([generation.facts_log for generation in self.in_use()])
