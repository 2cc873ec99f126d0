"""What happens after the last byte, or after the client left: the exchange is said to be over, once."""

from __future__ import annotations

import time

from proxy.pipeline.context import Record
from proxy.telemetry.events import Emit, ExchangeSettled
from proxy.telemetry.facts_log import Entry, timestamp
from proxy.telemetry.model_names import as_name
from routing_rules.diff import Recorded

CLIENT_LEFT = 499  # nginx's status for a client that closed the connection; it is logged, never sent


def settle(record: Record, emit: Emit) -> None:
    """End the transcript and emit the one event of an exchange. No await: a cancelled task settles like any other."""
    if record.transcript is not None:
        record.transcript.end()
    now = time.perf_counter()
    usage = record.usage
    emit(
        ExchangeSettled(
            id=record.id,
            endpoint=record.endpoint,
            stream=record.stream,
            status=record.status,
            code=record.code,
            rule=record.rule,
            labels=record.labels,
            target=record.target,
            model=None if record.model is None else as_name(record.model),
            attempts=record.attempts,
            first_ms=None if record.first is None else _ms(record.first - record.started),
            total_ms=_ms(now - record.started),
            tokens_in=usage.prompt_tokens if usage else None,
            tokens_out=usage.completion_tokens if usage else None,
        )
    )


def entry(record: Record) -> Entry:
    """Write an exchange for the facts log; of a labelled one, or one that was never decided, there are no facts."""
    seen = record.seen
    known = seen if not record.labels else None
    brought = seen.posed.brought.labels if seen else ()
    return Entry(
        record=Recorded(
            id=record.id,
            at=timestamp(),
            labels=record.labels,
            brought=tuple(sorted(brought)),
            forced=seen.posed.forced if seen else None,
            draw=seen.draw if seen else 0.0,
            rule=record.rule,
            target=_answerer(record),
            status=record.status,
        ),
        facts=known.facts if known else None,
        size_bytes=known.size_bytes if known else 0,
    )


def _answerer(record: Record) -> str | None:
    """Say who answered; a client may have written anything in place of a model, so a labelled one's is left out."""
    if record.labels or record.target is None or record.model is None:
        return record.target
    return f"{record.target}:{as_name(record.model)}"


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
