"""What happens after the last byte, or after the client left: the exchange is said to be over, once."""

from __future__ import annotations

import time

from proxy.pipeline.context import Record
from proxy.telemetry.events import Emit, ExchangeSettled

CLIENT_LEFT = 499  # nginx's status for a client that closed the connection; it is logged, never sent


def settle(record: Record, emit: Emit) -> None:
    """Emit the one event of an exchange. No await: a cancelled task settles like any other."""
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
            model=record.model,
            attempts=record.attempts,
            first_ms=None if record.first is None else _ms(record.first - record.started),
            total_ms=_ms(now - record.started),
            tokens_in=usage.prompt_tokens if usage else None,
            tokens_out=usage.completion_tokens if usage else None,
        )
    )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
