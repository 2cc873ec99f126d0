"""Which models there are: every target's list, kept, and merged into one.

A list is asked for in the background, so no request waits for one but the first; a target that is down keeps the list
it had. Whoever asks the targets is passed in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol

import msgspec

from routing_rules.globs import is_glob, matches

REFRESH_S = 60.0
RETRY_S = 10.0
FIRST_ROUND_S = 3.0


class Listed(Protocol):
    """A model as a target lists it."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def created(self) -> int:
        """When it was made, in seconds since 1970; 0 where nobody knows."""

    @property
    def owned_by(self) -> str:
        """Whose it is."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A model of the merged list, in OpenAI's shape (openai-python `types/model.py`)."""

    id: str
    object: str = "model"
    created: int = 0
    owned_by: str


Listing = Iterable[Listed]
AskTarget = Callable[[str], Awaitable[Listing | None]]


class Catalogue:
    """The models of all targets. `ask` gives a target's list, or None where it cannot be had now."""

    def __init__(
        self, names: Mapping[str, tuple[str, ...] | dict[str, str] | None], aliases: Iterable[str], ask: AskTarget
    ) -> None:
        self._limits = names
        self._aliases = tuple(aliases)
        self._ask = ask
        self._lists: dict[str, tuple[Entry, ...]] = {}
        self._missing = set(names)
        self._unasked = set(names)
        self._due = 0.0  # when to ask next, by the clock of the event loop
        self._first_round = asyncio.Event()

    def take_over(self, before: Catalogue, names: Iterable[str]) -> None:
        """Go on with the lists that another catalogue has of these targets, and ask when it would have asked."""
        for name in set(names) - before._unasked:
            self._unasked.discard(name)
            if name in before._lists:
                self._lists[name] = before._lists[name]
            if name not in before._missing:
                self._missing.discard(name)
        self._due = before._due

    async def catch_up(self, within_s: float) -> None:
        """Ask those of whom nothing is known, but not for long; after that nobody waits for the first round."""
        try:
            async with asyncio.timeout(within_s):
                await asyncio.gather(*(self._refresh(name) for name in self._unasked))
        except TimeoutError:
            self._due = 0.0
        if self._missing:
            self._due = min(self._due, asyncio.get_running_loop().time() + RETRY_S)
        self._first_round.set()

    async def run(self) -> None:
        """Keep the lists fresh until cancelled."""
        now = asyncio.get_running_loop().time
        try:
            if (wait_s := self._due - now()) > 0:
                await asyncio.sleep(wait_s)
            while True:
                await self.refresh()
                wait_s = RETRY_S if self._missing else REFRESH_S
                self._due = now() + wait_s
                await asyncio.sleep(wait_s)
        finally:
            self._first_round.set()  # nobody waits for a round that will not come

    async def refresh(self) -> None:
        """Ask every target once, all at the same time."""
        await asyncio.gather(*(self._refresh(name) for name in self._limits))
        self._first_round.set()

    async def _refresh(self, name: str) -> None:
        listing = await self._ask(name)
        self._unasked.discard(name)
        if listing is None:
            self._missing.add(name)
            return
        self._missing.discard(name)
        self._lists[name] = tuple(
            Entry(id=model.id, created=model.created, owned_by=model.owned_by or name)
            for model in listing
            if _allowed(model.id, self._limits[name])
        )

    async def first_round(self) -> None:
        """Wait until every target has been asked once, but not for long."""
        if not self._first_round.is_set():
            try:
                async with asyncio.timeout(FIRST_ROUND_S):
                    await self._first_round.wait()
            except TimeoutError:
                self._first_round.set()  # whoever is this slow is not waited for again

    def models(self) -> list[Entry]:
        """Return the merged list: aliases first, then every target's models in the file's order, each id once."""
        merged = {alias: Entry(id=alias, owned_by="wye") for alias in self._aliases}
        for name, limit in self._limits.items():
            for entry in self._lists.get(name) or _from_config(name, limit):
                merged.setdefault(entry.id, entry)
        return list(merged.values())

    def model(self, id: str) -> Entry | None:  # noqa: A002 - OpenAI's name for it
        """Return one model of the merged list; an Ollama model may be named without its `:latest`."""
        merged = {entry.id: entry for entry in self.models()}
        return merged.get(id) or merged.get(f"{id}:latest")


def _allowed(model: str, limit: tuple[str, ...] | dict[str, str] | None) -> bool:
    return limit is None or any(matches(pattern, model) for pattern in limit)


def _from_config(name: str, limit: tuple[str, ...] | dict[str, str] | None) -> list[Entry]:
    """List what the configuration alone says a target has."""
    return [Entry(id=model, owned_by=name) for model in limit or () if not is_glob(model)]
