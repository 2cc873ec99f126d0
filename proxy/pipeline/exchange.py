"""The way of one chat exchange. READ THIS FIRST.

Label, choose, filter, rewrite, attempt, relay, settle: in this order and for every request, whatever it asks for. Each
step stands in its own place: labels and plans in `routing_rules`, attempts in `upstream/failover.py`, the one way out
in `upstream/egress.py`, bytes to the client in `relay.py`.
"""

from __future__ import annotations

import asyncio

from proxy.catalogue.catalogue import Catalogue
from proxy.errors import EgressRefused, Forbidden, NotFound, ProxyError
from proxy.facts.request_facts import RequestFacts
from proxy.pipeline.context import Context, Record, Reply
from proxy.pipeline.headers import JSON_HEADERS, PENDING, STREAM_HEADERS, handed_on, own
from proxy.pipeline.preferences import brought_labels, forced_target
from proxy.pipeline.relay import LateRelay, Relay, abandon
from proxy.pipeline.settle import CLIENT_LEFT, settle
from proxy.tasks import Tasks
from proxy.telemetry.events import Emit
from proxy.upstream.attempt import Attempt
from proxy.upstream.failover import Failover
from proxy.upstream.fleet import Fleet
from proxy.wire.chat import ChatRequest, read_chat
from routing_rules import Plan, RuleBook
from routing_rules.rulebook import NAMED_BY_CLIENT

LARGE = 64_000  # bytes of a body whose text is looked through in a thread, where RE2 holds nobody up


class Exchange:
    """Answers chat requests by the rules in force."""

    def __init__(
        self,
        rulebook: RuleBook,
        fleet: Fleet,
        catalogue: Catalogue,
        failover: Failover,
        tasks: Tasks,
        emit: Emit,
        grace_s: float,
    ) -> None:
        self._rulebook = rulebook
        self._fleet = fleet
        self._catalogue = catalogue
        self._failover = failover
        self._tasks = tasks
        self._emit = emit
        self._grace_s = grace_s

    async def answer(self, context: Context) -> Reply:
        """Answer one request. Raises ProxyError, settled and with wye's headers on it."""
        record = Record(id=context.id, endpoint=context.endpoint)
        try:
            request = read_chat(context.body)
            record.stream = request.stream
            plan = await self._plan(context, request, record)
            if request.stream:
                return await self._stream(context, request, plan, record)
            return await self._whole(context, request, plan, record)
        except BaseException as error:
            self._failed(record, error)
            raise

    def _failed(self, record: Record, error: BaseException) -> None:
        """Settle an exchange that ends before its answer has begun."""
        if isinstance(error, ProxyError):
            record.status, record.code, record.attempts = error.status, error.code, error.attempts
            error.headers.update(own(record))
        else:
            record.status = CLIENT_LEFT if isinstance(error, asyncio.CancelledError) else 500
        self._settled(record)

    async def _plan(self, context: Context, request: ChatRequest, record: Record) -> Plan:
        """Label, choose, filter."""
        preferences = request.envelope.routing_preferences or {}
        facts = RequestFacts(
            endpoint=context.endpoint,
            model=request.model,
            stream=request.stream,
            headers=context.headers,
            document=request.document,
            texts=(context.address, *(context.headers.get(name, "") for name in self._fleet.passed_up)),
        )
        if len(context.body) > LARGE:
            await asyncio.to_thread(facts.prepare, self._rulebook.facts)
        brought = brought_labels(context.headers, preferences)
        labels = self._rulebook.label(facts, brought).labels
        record.labels = tuple(sorted(labels))
        await self._catalogue.first_round()
        forced = forced_target(context.headers, preferences, self._rulebook.targets)
        plan = self._rulebook.plan(facts, request.model, labels, self._fleet.states, forced)
        record.rule = plan.rule
        if not plan.candidates:
            raise refusal(plan)
        return plan

    async def _whole(self, context: Context, request: ChatRequest, plan: Plan, record: Record) -> Reply:
        attempt, record.attempts = await self._failover.begin(context.id, plan, request, context.headers)
        await attempt.aclose()
        _answered_by(attempt, record)
        record.usage = attempt.usage
        headers = {**handed_on(attempt.headers), **JSON_HEADERS, **own(record, attempt.dropped)}
        self._settled(record)
        return Reply(headers=headers, body=attempt.whole.body)

    async def _stream(self, context: Context, request: ChatRequest, plan: Plan, record: Record) -> Reply:
        """Begin a stream; one whose first content takes longer than the grace gets its headers without it."""
        beginning = self._tasks.start(self._failover.begin(context.id, plan, request, context.headers))
        try:
            await asyncio.wait({beginning}, timeout=self._grace_s)
        except BaseException:
            await abandon(beginning)
            raise
        if not beginning.done():
            headers = {**STREAM_HEADERS, **own(record), "x-wye-target": PENDING}
            return Reply(headers=headers, body=LateRelay(beginning, record, self._settled))
        attempt, record.attempts = beginning.result()
        _answered_by(attempt, record)
        headers = {**handed_on(attempt.headers), **STREAM_HEADERS, **own(record, attempt.dropped)}
        return Reply(headers=headers, body=Relay(attempt, record, self._settled))

    def _settled(self, record: Record) -> None:
        settle(record, self._emit)


def _answered_by(attempt: Attempt, record: Record) -> None:
    record.target, record.model = attempt.candidate.target, attempt.candidate.model


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
