"""A request as the rules see it: its facts, the labels it brings, the target it forces. Nothing is decided here.

The same way for a request that came, for one that `[[test]]` or `wye explain` makes up: what is tested is what serves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from proxy.errors import BadRequest
from proxy.facts.detectors import Detectors
from proxy.facts.request_facts import RequestFacts
from proxy.pipeline.counting import Counting
from proxy.pipeline.labelled import outward
from proxy.pipeline.preferences import brought_labels, forced_target, refuse_misplaced
from proxy.wire.chat import ChatRequest, read_chat
from routing_rules import Given, RuleBook
from routing_rules.trials import Posed

Now = Callable[[ZoneInfo], datetime]


class Poser:
    """Poses requests to one rule book."""

    def __init__(
        self,
        book: RuleBook,
        passed_up: frozenset[str],
        timezone: str,
        now: Now = datetime.now,
        detectors: Detectors | None = None,
    ) -> None:
        """Take the rules. `passed_up` are the client's headers that travel to any target.

        `detectors` are what the rules search for; without them they are compiled, with no settings of a file's own.
        """
        self._asked = book.facts
        self._targets = book.targets
        self._passed_up = passed_up
        self._timezone = ZoneInfo(timezone)
        self._detectors = detectors or Detectors(book.facts)
        self._now = now
        self.counting = Counting(book)

    async def pose(
        self, request: ChatRequest, headers: Mapping[str, str], endpoint: str, address: str, *, exactly: bool = False
    ) -> Posed:
        """Pose a request, and find the facts in a thread where that takes long.

        `address` is its path and query. With `exactly`, its tokens are counted whether rules need it or not. Raises
        BadRequest for preferences that cannot be read.
        """
        posed, facts = self._pose(request, headers, endpoint, address)
        if facts.needs_thread(self._asked):
            await asyncio.to_thread(facts.prepare, self._asked)
        if exactly:
            await asyncio.to_thread(self._count, facts, request.model)
        elif self.counting.leaves_open(facts) and (counter := self.counting.counter(request.model)):
            await asyncio.to_thread(facts.count_tokens, counter)
        return posed

    def _count(self, facts: RequestFacts, model: str | None) -> None:
        facts.count_tokens(self.counting.counter_at_once(model))

    def _pose(
        self, request: ChatRequest, headers: Mapping[str, str], endpoint: str, address: str
    ) -> tuple[Posed, RequestFacts]:
        refuse_misplaced(request.document)
        preferences = request.envelope.routing_preferences or {}
        facts = self._facts(request, headers, endpoint, address)
        return Posed(
            facts=facts,
            document=request.document,
            model=request.model,
            brought=brought_labels(headers, preferences, self._asked),
            forced=forced_target(headers, preferences, self._targets),
            look_outward=outward,
            details=facts.details,
        ), facts

    def _facts(self, request: ChatRequest, headers: Mapping[str, str], endpoint: str, address: str) -> RequestFacts:
        return RequestFacts(
            endpoint=endpoint,
            model=request.model,
            stream=request.stream,
            headers=headers,
            document=request.document,
            texts=(address, *(headers.get(name, "") for name in self._passed_up)),
            detectors=self._detectors,
            now=self._now(self._timezone),
            size_bytes=len(request.body),
        )

    def pose_given(self, given: Given, *, exactly: bool = False) -> Posed:
        """Pose the request of a `[[test]]`; `exactly` as for one that came.

        Tables are read if need be: what is decided here is what is decided once they are in memory. Raises ValueError
        for a request that could not be sent.
        """
        headers = {name.lower(): value for name, value in given.headers.items()}
        try:
            request = read_chat(msgspec.json.encode(given_body(given)))
            posed, facts = self._pose(request, headers, given.endpoint, f"/v1/{given.endpoint}")
        except BadRequest as error:
            raise ValueError(error.message) from None
        if exactly or self.counting.leaves_open(facts):
            self._count(facts, request.model)
        return posed


def given_body(given: Given) -> dict[str, Any]:
    """Write the body that a `[[test]]` means: what `body` says, and `messages`, `prompt`, `model` on top of it."""
    messages = {"messages": given.messages} if given.messages is not None else {}
    if not messages and (given.prompt is not None or "messages" not in given.body):
        messages = {"messages": ({"role": "user", "content": given.prompt or ""},)}
    return {**given.body, **messages, **({"model": given.model} if given.model is not None else {})}
