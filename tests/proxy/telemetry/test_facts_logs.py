from __future__ import annotations

from pathlib import Path

from proxy.config.schema import FactsLog as Table
from proxy.telemetry.events import Event
from proxy.telemetry.facts_log import Entry, read_traffic
from proxy.telemetry.facts_logs import FactsLogs
from routing_rules.diff import Recorded
from tests.fakes.rule_files import KnownFacts


def entry(number: int) -> Entry:
    return Entry(record=Recorded(id=f"wye-{number}"), facts=KnownFacts({"user": "a", "turns": 1}))


def facts_of(path: Path) -> list[tuple[str, list[str]]]:
    return [(request.id, sorted(request.facts)) for request in read_traffic(path).requests]


def test_without_a_path_there_is_no_log() -> None:
    logs = FactsLogs(list[Event]().append)
    assert logs.open(Table(), ("user",)) is None
    logs.close()


def test_the_same_log_is_handed_out_while_it_is_to_hold_the_same(tmp_path: Path) -> None:
    table, logs = Table(path=str(tmp_path / "facts.jsonl")), FactsLogs(list[Event]().append)
    first = logs.open(table, ("user",))
    assert logs.open(table, ("user",)) is first
    assert logs.open(table, ("user", "turns")) is not first
    logs.close()


def test_a_log_that_nobody_uses_any_more_is_closed_with_all_that_waits_written(tmp_path: Path) -> None:
    said: list[Event] = []
    path = tmp_path / "facts.jsonl"
    table, logs = Table(path=str(path)), FactsLogs(said.append)
    old, new = logs.open(table, ("user",)), logs.open(table, ("turns",))
    assert old is not None
    assert new is not None
    old.write(entry(1))
    logs.keep_only([new])
    old._thread.join(10)
    assert not old._thread.is_alive()
    assert new._thread.is_alive()
    new.write(entry(2))
    logs.close()
    assert facts_of(path) == [("wye-1", ["model", "user"]), ("wye-2", ["model", "turns"])]
    assert said == []
