"""When a prompt is counted, and with what: only where bounds leave a threshold of the rules open, or somebody asks."""

from __future__ import annotations

import asyncio

from proxy.facts.request_facts import RequestFacts
from proxy.facts.token_counts import Counter
from proxy.facts.token_ids import table, table_now
from proxy.facts.tokenizers import O200K, Tokenizer, tokenizer_of
from routing_rules import RuleBook
from routing_rules.facts import COUNTED


class Counting:
    """Counts for one rule book. A table is read in the background, never on the way of a request."""

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        self._asked = [name for name in COUNTED if name in book.facts]
        self._wanted: asyncio.Queue[str] = asyncio.Queue()
        self._known: set[str] = set()
        if self._asked:
            self._want(O200K)

    async def run(self) -> None:
        """Read tables as they are wanted, until cancelled; where no rule counts anything, there are none."""
        while self._asked:
            await asyncio.to_thread(table, await self._wanted.get())

    def _want(self, name: str) -> None:
        if name not in self._known:
            self._known.add(name)
            self._wanted.put_nowait(name)

    def leaves_open(self, facts: RequestFacts) -> bool:
        """Say whether some rule cannot be told without a count."""
        return any(self._book.leaves_open(name, facts.value(name)) for name in self._asked)

    def counter(self, model: str | None) -> Counter | None:
        """Return what counts for the model that a client asks for; None while its table is not in memory."""
        asked, tokenizer = self._tokenizer(model)
        ready = table_now(tokenizer.table)
        if ready is None:
            self._want(tokenizer.table)
            return None
        return Counter(tokenizer, ready, asked)

    def counter_at_once(self, model: str | None) -> Counter:
        """Return the same and read its table if need be; not for the event loop."""
        asked, tokenizer = self._tokenizer(model)
        return Counter(tokenizer, table(tokenizer.table), asked)

    def _tokenizer(self, model: str | None) -> tuple[str, Tokenizer]:
        """Return the model that is meant, once aliases and targets are read off, and how its tokens are counted."""
        asked = self._book.read(model, None).model
        return asked or "", tokenizer_of(asked)
