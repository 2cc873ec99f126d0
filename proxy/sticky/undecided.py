"""Who comes first: what one caller says is remembered in the order in which it came.

A large request is looked through in a thread, and until that is done nobody knows its labels. One that comes behind it
may say the same; it waits for those before it, and only for as long as their labels are unknown. Each worker process
has an order of its own: between them, what comes while another is looked through is not known yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Place:
    """A request's place behind those of its caller that came before and are undecided."""

    def __init__(self, earlier: tuple[asyncio.Future[None], ...]) -> None:
        self._earlier = earlier

    async def reached(self) -> None:
        """Wait until all of them are labelled, refused or gone."""
        if self._earlier:
            await asyncio.wait(self._earlier)


class Undecided:
    """The requests of each caller whose labels are not known yet, in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[asyncio.Future[None], None]] = {}

    @contextmanager
    def enter(self, caller: str) -> Iterator[Place]:
        """Take a place in the order, and leave it when the labels are remembered."""
        line = self._waiting.setdefault(caller, {})
        place, mine = Place(tuple(line)), asyncio.get_running_loop().create_future()
        line[mine] = None
        try:
            yield place
        finally:
            del line[mine]
            mine.set_result(None)
            if not line:
                del self._waiting[caller]
