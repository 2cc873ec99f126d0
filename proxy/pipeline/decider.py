"""What is to become of a request: label, choose, filter, rewrite, in this order and before anybody is asked.

The steps themselves are `routing_rules`; here they get the request, the fleet as it is now, and chance.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from random import random
from typing import Any, TypeVar

import msgspec

from proxy.catalogue.catalogue import Catalogue
from proxy.errors import BadRequest, EgressRefused, Forbidden, NotFound, ProxyError
from proxy.pipeline.context import Context, Record, Seen
from proxy.pipeline.explaining import Told, told
from proxy.pipeline.labelled import refuse_outward
from proxy.pipeline.posing import Poser
from proxy.pipeline.preferences import stated_labels
from proxy.sticky.stickiness import Stickiness
from proxy.sticky.undecided import Place
from proxy.upstream import fleet as upstream
from proxy.wire.chat import PREFERENCES, ChatRequest, read_chat
from proxy.wire.json_text import parse_object
from routing_rules import Fleet, Labelled, Labels, Plan, RuleBook
from routing_rules.explain import explain
from routing_rules.names import NAMED_BY_CLIENT
from routing_rules.rewrite import Keyed
from routing_rules.trials import Posed

T = TypeVar("T")
_LONG_BYTES = 16_000  # some milliseconds of fingerprints


class Decider:
    """Plans requests by one rule book."""

    def __init__(
        self,
        rulebook: RuleBook,
        poser: Poser,
        stickiness: Stickiness,
        fleet: upstream.Fleet,
        catalogue: Catalogue,
        keyed: Keyed,
    ) -> None:
        """Take the parts. `keyed` hashes a text, for a rule's `hash`."""
        self._rulebook = rulebook
        self._poser = poser
        self._stickiness = stickiness
        self._fleet = fleet
        self._catalogue = catalogue
        self._keyed = keyed

    async def plan(self, context: Context, request: ChatRequest, record: Record) -> Plan:
        """Plan a request; what is found goes into the record. Raises ProxyError where nobody may be given it."""
        with self._stickiness.enter(context.caller) as place:
            posed = await self._pose(context, request, place)
            labels = await self._label(context, request, posed, record)
        refuse_outward(posed, labels)
        await self._catalogue.first_round()
        fleet, draw = self._fleet.states_now(), random()  # noqa: S311 - it weighs candidates, and guards nothing
        situation = self._rulebook.situation(posed.facts, labels, fleet)
        record.seen = Seen(posed=posed, draw=draw, facts=situation, size_bytes=len(request.body))
        plan = self._rulebook.plan(posed.facts, posed.model, labels, fleet, posed.forced, draw, situation)
        record.rule = plan.rule
        if not plan.candidates:
            raise refusal(plan)
        rewrite = plan.rewrite.settled(request.document, self._keyed)
        return msgspec.structs.replace(plan, rewrite=rewrite) if rewrite is not plan.rewrite else plan

    async def _pose(
        self, context: Context, request: ChatRequest, place: Place | None = None, *, exactly: bool = False
    ) -> Posed:
        """Pose a request, with the labels that it inherits from what was said before, also by one still undecided."""
        came = (request, context.headers, context.endpoint, context.address)
        posed = await self._poser.pose(*came, exactly=exactly)
        if place is not None:
            await place.reached()
        inherited = await self._recall(context, request.document)
        return msgspec.structs.replace(posed, brought=posed.brought.and_also(inherited)) if inherited.labels else posed

    async def _recall(self, context: Context, document: dict[str, Any]) -> Labelled:
        recall = partial(self._stickiness.recall, context.caller, document)
        return await _aside(len(context.body), recall) if self._stickiness.knows(context.caller) else Labelled()

    async def _label(self, context: Context, request: ChatRequest, posed: Posed, record: Record) -> Labels:
        """Label, and remember it before anything is tried: a request that comes beside this one inherits too."""
        labels = self._rulebook.label(posed.facts, posed.brought).labels
        record.labels = tuple(sorted(labels))
        remember = partial(self._stickiness.remember, context.caller, request.document, labels)
        record.transcript = await _aside(len(request.body), remember) if labels else None
        return labels

    async def remember_refused(self, context: Context) -> None:
        """Remember what a request said that is refused before it is labelled, under what it states and inherits."""
        try:
            document = parse_object(context.body)
        except BadRequest:
            return  # nobody can say what was in it
        with self._stickiness.enter(context.caller) as place:
            await place.reached()
            inherited = await self._recall(context, document)
            labels = inherited.labels | stated_labels(context.headers, document.get(PREFERENCES))
            if labels:
                await _aside(len(context.body), partial(self._stickiness.remember, context.caller, document, labels))

    async def explain(self, context: Context) -> Told:
        """Say what would become of a request, and why; nobody is asked and nothing is sent. Raises BadRequest."""
        request = read_chat(context.body)
        posed = await self._pose(context, request, exactly=True)
        await self._catalogue.first_round()
        # Every condition is asked, those too that deciding would skip: that is work for a thread.
        return await asyncio.to_thread(self._told, posed, self._fleet.states_now())

    def _told(self, posed: Posed, fleet: Fleet) -> Told:
        down = {name: state.down for name, state in fleet.items() if state.down is not None}
        return told(explain(self._rulebook, posed, fleet), posed, self._rulebook.facts, down)


async def _aside(size_bytes: int, work: Callable[[], T]) -> T:
    """Do work on the text of a request: in a thread where the body is long."""
    return await asyncio.to_thread(work) if size_bytes > _LONG_BYTES else work()


def refusal(plan: Plan) -> ProxyError:
    """Say why no candidate is left: the labels first, since they bind; the text itself is never repeated."""
    causes = {struck.cause for struck in plan.struck}
    if "labels" in causes:
        labels = ", ".join(sorted(plan.labels))
        others = " that has the model" if "no_model" in causes else ""
        named = plan.rule == NAMED_BY_CLIENT
        who = f"The named target {plan.struck[0].target!r}" if named else f"No target of the rule {plan.rule!r}{others}"
        may = "may not" if named else "may"
        return EgressRefused(f"{who} {may} be given a request labelled {labels}. Nothing was sent.")
    if "direct" in causes:
        return Forbidden("Clients may not name a target here.", param="model")
    return NotFound("The model does not exist at any target of this rule.", param="model", code="model_not_found")
