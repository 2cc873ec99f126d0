"""The way of one chat exchange. READ THIS FIRST.

Label, choose, filter, rewrite, attempt, relay, settle: in this order and for every request, whatever it asks for. Each
step stands in its own place: labels and plans in `routing_rules`, labels of earlier exchanges in `sticky`, attempts in
`upstream/failover.py`, the one way out in `upstream/egress.py`, bytes to the client in `relay.py`.
"""

from __future__ import annotations

import asyncio

from proxy.errors import BadRequest, ProxyError
from proxy.pipeline.context import Context, Record, Reply
from proxy.pipeline.decider import Decider
from proxy.pipeline.explaining import Told
from proxy.pipeline.headers import JSON_HEADERS, PENDING, STREAM_HEADERS, handed_on, own
from proxy.pipeline.relay import LateRelay, Relay, abandon
from proxy.pipeline.settle import CLIENT_LEFT, entry, settle
from proxy.tasks import Tasks
from proxy.telemetry.events import Emit
from proxy.telemetry.facts_log import FactsLog
from proxy.upstream.attempt import Attempt
from proxy.upstream.failover import Failover
from proxy.wire.chat import ChatRequest, read_chat
from routing_rules import Plan


class Exchange:
    """Answers chat requests by the rules in force."""

    def __init__(
        self,
        decider: Decider,
        failover: Failover,
        tasks: Tasks,
        emit: Emit,
        grace_s: float,
        facts_log: FactsLog | None = None,
    ) -> None:
        """Take the parts. `grace_s` is how long a stream may wait for its headers, in seconds."""
        self._decider = decider
        self._failover = failover
        self._tasks = tasks
        self._emit = emit
        self._grace_s = grace_s
        self._facts_log = facts_log

    async def answer(self, context: Context) -> Reply:
        """Answer one request. Raises ProxyError, settled and with wye's headers on it."""
        record = Record(id=context.id, endpoint=context.endpoint)
        try:
            request, plan = await self._planned(context, record)
            if request.stream:
                return await self._stream(context, request, plan, record)
            return await self._whole(context, request, plan, record)
        except BaseException as error:
            self._failed(record, error)
            raise

    async def _planned(self, context: Context, record: Record) -> tuple[ChatRequest, Plan]:
        try:
            request = read_chat(context.body)
            record.stream = request.stream
            return request, await self._decider.plan(context, request, record)
        except BadRequest:
            if not record.labels:  # it may have been refused before it was labelled
                await self._decider.remember_refused(context)
            raise

    async def explain(self, context: Context) -> Told:
        """Say what would become of a request. Raises BadRequest."""
        return await self._decider.explain(context)

    def _failed(self, record: Record, error: BaseException) -> None:
        """Settle an exchange that ends before its answer has begun."""
        if isinstance(error, ProxyError):
            record.status, record.code, record.attempts = error.status, error.code, error.attempts
            error.headers.update(own(record))
        else:
            record.status = CLIENT_LEFT if isinstance(error, asyncio.CancelledError) else 500
        self._settled(record)

    async def _whole(self, context: Context, request: ChatRequest, plan: Plan, record: Record) -> Reply:
        attempt, record.attempts = await self._failover.begin(context.id, plan, request, context.headers)
        await attempt.aclose()
        _answered_by(attempt, record)
        record.usage = attempt.usage
        headers = {**handed_on(attempt.headers), **JSON_HEADERS, **own(record, attempt.dropped)}
        if record.transcript is not None:
            record.transcript.take(attempt.whole.body)
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
        if self._facts_log is not None:
            self._facts_log.write(entry(record))


def _answered_by(attempt: Attempt, record: Record) -> None:
    record.target, record.model = attempt.candidate.target, attempt.candidate.model
