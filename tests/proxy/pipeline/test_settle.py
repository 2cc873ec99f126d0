from __future__ import annotations

import time

import pytest

from proxy.pipeline.context import Record
from proxy.pipeline.settle import CLIENT_LEFT, settle
from proxy.telemetry.events import Event, ExchangeSettled
from proxy.wire.usage import Usage


def settled(record: Record) -> ExchangeSettled:
    events: list[Event] = []
    settle(record, events.append)
    (event,) = events
    assert isinstance(event, ExchangeSettled)
    return event


def test_all_that_is_known_of_an_exchange_is_said() -> None:
    record = Record(
        id="wye-1",
        endpoint="chat",
        stream=True,
        rule="all",
        labels=("private",),
        target="local",
        model="m",
        attempts=2,
        status=502,
        code="upstream_error",
        usage=Usage(3, 2, 5),
    )
    event = settled(record)
    same = ("id", "endpoint", "stream", "rule", "labels", "target", "model", "attempts", "status", "code")
    assert [getattr(event, name) for name in same] == [getattr(record, name) for name in same]
    assert (event.tokens_in, event.tokens_out) == (3, 2)


def test_times_are_milliseconds_since_the_start() -> None:
    record = Record(id="1", endpoint="chat", started=time.perf_counter() - 1)
    record.first = record.started + 0.2504
    event = settled(record)
    assert event.first_ms == pytest.approx(250.4)
    assert event.total_ms >= 1000


def test_what_never_came_is_none_and_not_nought() -> None:
    event = settled(Record(id="1", endpoint="chat"))
    assert (event.first_ms, event.tokens_in, event.tokens_out) == (None, None, None)


def test_a_client_that_left_has_a_status_that_no_server_sends() -> None:
    assert CLIENT_LEFT == 499
