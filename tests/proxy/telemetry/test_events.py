from __future__ import annotations

import msgspec
import pytest

from proxy.telemetry import events
from proxy.telemetry.events import AttemptFailed, CatalogueFailed, Event, ExchangeSettled, FactsLogFailed, Fault

ALL = [
    kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
]
# Everything that an event may hold. A field that is new is looked at here: it must hold no text of a request, no key,
# and no value of a header.
FIELDS = {
    *("id", "endpoint", "stream", "status", "code", "rule", "labels", "target", "model", "attempts", "failure"),
    *("first_ms", "total_ms", "after_ms", "tokens_in", "tokens_out", "why", "kind", "where"),
    *("process", "rules", "targets", "file", "problems", "keys"),
}


def test_there_are_events() -> None:
    assert {AttemptFailed, CatalogueFailed, ExchangeSettled, FactsLogFailed, Fault} <= set(ALL)


@pytest.mark.parametrize("kind", ALL)
def test_an_event_holds_only_what_may_stand_in_a_log(kind: type[Event]) -> None:
    assert set(kind.__struct_fields__) <= FIELDS


def test_an_event_is_a_fact_and_not_changed() -> None:
    fault = Fault(id="1", kind="ValueError", where="x.py:5")
    with pytest.raises(AttributeError):
        fault.kind = "other"  # type: ignore[misc]


def test_an_event_is_made_by_names_only() -> None:
    with pytest.raises(TypeError):
        Fault("1", "ValueError", "x.py:5")  # type: ignore[call-arg]
    assert msgspec.structs.asdict(Fault(id="1", kind="k", where="w")) == {"id": "1", "kind": "k", "where": "w"}
