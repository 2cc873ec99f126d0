from __future__ import annotations

import time

import pytest

from proxy.pipeline.context import Record, Seen
from proxy.pipeline.settle import CLIENT_LEFT, entry, settle
from proxy.sticky.transcript import Transcript
from proxy.telemetry.events import Event, ExchangeSettled
from proxy.wire.usage import Usage
from routing_rules import Labelled
from routing_rules.diff import Recorded
from routing_rules.trials import Posed
from tests.fakes.rule_files import KnownFacts


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


@pytest.mark.parametrize("model", ["my pet is called Rex", "sk-" + "proj-0123456789abcdef", "x" * 201])
def test_an_event_holds_no_text_and_no_key_that_came_in_place_of_a_model(model: str) -> None:
    assert settled(Record(id="1", endpoint="chat", target="up", model=model)).model == "(withheld)"


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


# --- the facts log's entry ---

FACTS = KnownFacts({"user": "ann"})
BROUGHT = Labelled().with_label("legal", "a header").with_label("draft", "a header")


def decided(*labels: str, brought: Labelled = BROUGHT, model: str | None = "m") -> Record:
    posed = Posed(facts=FACTS, document={}, brought=brought, forced="up")
    seen = Seen(posed=posed, draw=0.25, facts=FACTS, size_bytes=70)
    return Record(
        id="wye-1", endpoint="chat", rule="all", labels=labels, target="up", model=model, status=200, seen=seen
    )


def test_an_entry_holds_what_a_replay_needs_and_where_the_facts_are() -> None:
    made = entry(decided(brought=Labelled()))
    at = made.record.at
    assert at is not None
    expected = Recorded(id="wye-1", at=at, forced="up", draw=0.25, rule="all", target="up:m", status=200)
    assert made.record == expected
    assert (made.facts, made.size_bytes) == (FACTS, 70)


def test_of_a_labelled_request_there_is_no_fact_and_no_name_of_a_model() -> None:
    made = entry(decided("draft", "legal"))
    assert (made.facts, made.size_bytes) == (None, 0)
    assert (made.record.labels, made.record.brought) == (("draft", "legal"), ("draft", "legal"))
    assert made.record.target == "up"


def test_what_is_no_models_name_is_not_written_as_one() -> None:
    assert entry(decided(brought=Labelled(), model="my pet is called Rex")).record.target == "up:(withheld)"


def test_a_request_that_was_never_decided_has_no_facts_either() -> None:
    made = entry(Record(id="wye-1", endpoint="chat", status=400))
    assert made.facts is None
    assert made.record == Recorded(id="wye-1", at=made.record.at, status=400)


def test_the_transcript_ends_before_the_exchange_is_said_to_be_over() -> None:
    order: list[str] = []
    transcript = Transcript(lambda replies, _: order.extend(reply.whole for reply in replies))
    transcript.take(b'{"choices":[{"message":{"content":"hi"}}]}')
    settle(Record(id="1", endpoint="chat", transcript=transcript), lambda _: order.append("settled"))
    assert order == ["hi", "settled"]
