from __future__ import annotations

import errno
import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proxy.config.schema import FactsLog as Table
from proxy.config.secrets import ProxyConfigError
from proxy.telemetry import facts_log
from proxy.telemetry.events import Event, FactsLogFailed
from proxy.telemetry.facts_log import Entry, FactsLog, open_log, read_traffic, refuse_unwritable, timestamp
from routing_rules import UNKNOWN, Bounds, Facts, FactValue
from routing_rules.diff import Recorded
from routing_rules.units import Bytes
from tests.fakes.rule_files import KnownFacts

if sys.platform != "win32":
    import fcntl

ROOT = Path(__file__).parents[3]
LARGE = 10**9
SECONDS = 10


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "facts.jsonl"


@pytest.fixture
def said() -> list[Event]:
    return []


@pytest.fixture
def make(path: Path, said: list[Event]) -> Iterator[Callable[..., FactsLog]]:
    made: list[FactsLog] = []

    def log(*names: str, max_size: int = LARGE) -> FactsLog:
        made.append(FactsLog(path, names, max_size, said.append))
        return made[-1]

    yield log
    for one in made:
        one.close()


Make = Callable[..., FactsLog]


def entry(number: int = 1, facts: Facts | None = None, *, size_bytes: int = 0, **more: Any) -> Entry:
    record = Recorded(id=f"wye-{number}", **more)
    return Entry(record=record, facts=KnownFacts() if facts is None else facts, size_bytes=size_bytes)


class HeldFacts:
    """Facts that cannot be had before a test lets them go; they tell which thread asked."""

    def __init__(self) -> None:
        self.asked, self.go = threading.Event(), threading.Event()
        self.thread: int | None = None

    def value(self, name: str) -> FactValue:
        """Wait, then say the name."""
        self.thread = threading.get_ident()
        self.asked.set()
        assert self.go.wait(SECONDS)
        return name


# --- what a line holds ---


def test_a_line_holds_the_record_and_the_facts_that_were_named_and_no_other(make: Make, path: Path) -> None:
    log = make("user", "prompt_tokens", "secrets", "turns", "tool_names")
    known: dict[str, FactValue]
    known = {"user": "ann", "prompt_tokens": Bounds(1, 4), "secrets": UNKNOWN, "tool_names": ("a", "b"), "model": "m"}
    log.write(entry(facts=KnownFacts(known), rule="all", target="up:m", status=200, draw=0.5))
    log.close()
    (line,) = path.read_bytes().splitlines()
    assert msgspec.json.decode(line) == {
        "id": "wye-1",
        "facts": {
            "prompt_tokens": {"low": 1, "high": 4},
            "secrets": {"unknown": True},
            "tool_names": ["a", "b"],
            "turns": None,
            "user": "ann",
        },
        "draw": 0.5,
        "rule": "all",
        "target": "up:m",
        "status": 200,
    }


def test_of_a_labelled_request_no_fact_is_even_asked_for(make: Make, path: Path) -> None:
    log, facts = make("user"), KnownFacts({"user": "ann"})
    log.write(entry(facts=facts, labels=("private",)))
    log.write(Entry(record=Recorded(id="wye-2", labels=("private",)), facts=None))
    log.close()
    assert facts.asked == []
    assert [msgspec.json.decode(line) for line in path.read_bytes().splitlines()] == [
        {"id": "wye-1", "labels": ["private"]},
        {"id": "wye-2", "labels": ["private"]},
    ]


def test_the_models_name_is_always_there_and_what_is_no_name_is_left_out(path: Path, said: list[Event]) -> None:
    log = open_log(Table(path=str(path), fields=("turns",), max_size=Bytes(LARGE)), ("user",), said.append)
    assert log is not None
    for model in ("gpt-4o", "local:my pet is called Rex", None):
        log.write(entry(facts=KnownFacts({"model": model})))
    log.close()
    found = [request.facts for request in read_traffic(path).requests]
    assert [facts["model"] for facts in found] == ["gpt-4o", "(withheld)", None]
    assert {tuple(facts) for facts in found} == {("model", "turns", "user")}


def test_without_a_path_there_is_no_log(said: list[Event]) -> None:
    assert open_log(Table(), ("user",), said.append) is None


# --- the file ---


@pytest.mark.skipif(sys.platform == "win32", reason="a file has no mode there")
def test_only_the_owner_may_read_it_the_file_that_was_turned_over_included(make: Make, path: Path) -> None:
    before = os.umask(0)
    try:
        log = make(max_size=40)
        for number in range(4):
            log.write(entry(number))
        log.close()
    finally:
        os.umask(before)
    assert [file.stat().st_mode & 0o777 for file in (path, path.with_name("facts.jsonl.1"))] == [0o600, 0o600]


def test_what_was_there_before_stays(make: Make, path: Path) -> None:
    path.write_bytes(b'{"id":"wye-0"}\n')
    log = make()
    log.write(entry())
    log.close()
    assert [request.id for request in read_traffic(path).requests] == ["wye-0", "wye-1"]


def test_a_file_that_is_full_is_kept_once_and_a_new_one_begins(make: Make, path: Path) -> None:
    line = len(msgspec.json.encode(Recorded(id="wye-1"))) + 1
    log = make(max_size=2 * line)
    for number in range(1, 6):
        log.write(entry(number))
    log.close()
    assert [one.id for one in read_traffic(path).requests] == ["wye-5"]
    assert [one.id for one in read_traffic(path.with_name("facts.jsonl.1")).requests] == ["wye-3", "wye-4"]


def test_a_line_longer_than_the_whole_file_may_be_has_a_file_of_its_own(make: Make, path: Path) -> None:
    log = make(max_size=1)
    log.write(entry(1))
    log.write(entry(2))
    log.close()
    assert [one.id for one in read_traffic(path).requests] == ["wye-2"]
    assert [one.id for one in read_traffic(path.with_name("facts.jsonl.1")).requests] == ["wye-1"]


WRITER = """
import sys
from pathlib import Path
from proxy.telemetry.facts_log import Entry, FactsLog
from routing_rules.diff import Recorded
name, path, lines, size = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
log = FactsLog(path, (), size, print)
sys.stdin.readline()
for number in range(lines):
    log.write(Entry(record=Recorded(id=f"{name}-{number}", rule="x" * (number % 97)), facts=None))
log.close()
"""


def test_two_processes_that_turn_the_file_over_lose_no_line_and_tear_none(path: Path) -> None:
    """The file is turned over about once, so that all lines are in it and in the one before."""
    lines = 1_500
    total = sum(len(msgspec.json.encode(Recorded(id=f"a-{at}", rule="x" * (at % 97)))) + 1 for at in range(lines)) * 2
    arguments = (str(path), str(lines), str(int(total * 0.6)))
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, name, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
        )
        for name in "ab"
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    assert [writer.communicate(timeout=60)[0] for writer in writers] == [b"", b""]
    both = [read_traffic(file) for file in (path.with_name("facts.jsonl.1"), path)]
    assert [traffic.unreadable for traffic in both] == [0, 0]
    found = [request.id for traffic in both for request in traffic.requests]
    assert sorted(found) == sorted(f"{name}-{number}" for name in "ab" for number in range(lines))
    for name in "ab":
        assert [one for one in found if one.startswith(name)] == [f"{name}-{number}" for number in range(lines)]


@pytest.mark.skipif(sys.platform == "win32", reason="no file can be locked there")
def test_a_file_that_another_process_turned_over_while_this_one_waited_is_not_written_to(
    make: Make, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line goes where the name leads now, and no second turn-over takes place."""
    log, lock, times = make(max_size=100), fcntl.flock, 0

    def overtaken(file: Any, how: int) -> None:
        nonlocal times
        times += 1
        if times == 1:
            path.replace(path.with_name("facts.jsonl.1"))
            path.write_bytes(b'{"id":"theirs"}\n')
        assert how == fcntl.LOCK_EX
        lock(file, how)

    path.write_bytes(b'{"id":"old"}\n')
    monkeypatch.setattr(fcntl, "flock", overtaken)
    log.write(entry())
    log.close()
    assert times == 2
    assert [one.id for one in read_traffic(path).requests] == ["theirs", "wye-1"]
    assert [one.id for one in read_traffic(path.with_name("facts.jsonl.1")).requests] == ["old"]


# --- what goes wrong ---


def test_a_file_that_cannot_be_written_is_an_error_at_once(tmp_path: Path, said: list[Event]) -> None:
    with pytest.raises(OSError, match="No such file"):
        FactsLog(tmp_path / "no" / "facts.jsonl", (), LARGE, said.append)


@pytest.mark.parametrize(
    ("place", "why"), [("no/facts.jsonl", "No such file or directory"), (".", "Is a directory"), ("a\0b", "ValueError")]
)
def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path, place: str, why: str) -> None:
    where = f"{tmp_path}/{place}"
    with pytest.raises(ProxyConfigError) as caught:
        refuse_unwritable(Table(path=where))
    assert str(caught.value) == f"[facts_log] path: {where!r} cannot be written: {why}."


def test_a_place_that_can_be_written_is_none_and_nor_is_no_place(path: Path) -> None:
    refuse_unwritable(Table())
    refuse_unwritable(Table(path=str(path)))
    assert path.read_bytes() == b""


def test_a_folder_that_is_gone_is_said_once_and_lines_come_again_when_it_is_back(
    make: Make, path: Path, tmp_path: Path, said: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    log, tried = make(), threading.Semaphore(0)
    append = log._appended

    def counted(line: bytes) -> bool:
        try:
            return append(line)
        finally:
            tried.release()

    monkeypatch.setattr(log, "_appended", counted)
    path.unlink()
    away = tmp_path.rename(tmp_path.with_name(tmp_path.name + "-away"))
    for number in range(3):
        log.write(entry(number))
    for _ in range(3):
        assert tried.acquire(timeout=SECONDS)
    away.rename(tmp_path)
    log.write(entry(4))
    log.close()
    assert [one.id for one in read_traffic(path).requests] == ["wye-4"]
    assert said == [
        FactsLogFailed(why="No such file or directory"),
        FactsLogFailed(why="3 lines were lost in all"),
    ]
    assert log.lost == 3


def test_a_line_that_the_disk_has_no_room_for_leaves_nothing_behind(
    make: Make, path: Path, said: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(facts_log.io.FileIO):  # type: ignore[name-defined, misc]
        def write(self, data: Any) -> int:
            return int(super().write(data[:5]))

    def full(name: Path) -> Any:
        return Full(os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "a")

    log, opened = make(), facts_log._open
    log.write(entry(1))
    log.close()
    monkeypatch.setattr(facts_log, "_open", full)
    log = FactsLog(path, (), LARGE, said.append)
    log.write(entry(2))
    log.close()
    monkeypatch.setattr(facts_log, "_open", opened)
    log = make()
    log.write(entry(3))
    log.close()
    traffic = read_traffic(path)
    assert ([one.id for one in traffic.requests], traffic.unreadable) == (["wye-1", "wye-3"], 0)
    assert said[0] == FactsLogFailed(why=os.strerror(errno.ENOSPC))


def test_a_fact_that_cannot_be_written_costs_its_line_and_no_other(make: Make, path: Path, said: list[Event]) -> None:
    log = make("user")
    log.write(entry(1, KnownFacts({"user": "\ud800 a text"})))
    log.write(entry(2, KnownFacts({"user": "ann"})))
    log.close()
    assert [one.id for one in read_traffic(path).requests] == ["wye-2"]
    assert said[0] == FactsLogFailed(why="UnicodeEncodeError")


# --- who waits for whom ---


def test_facts_are_found_in_the_logs_own_thread_and_whoever_writes_does_not_wait(make: Make, path: Path) -> None:
    log, held = make("user"), HeldFacts()
    log.write(entry(1, held))
    assert held.asked.wait(SECONDS)
    log.write(entry(2))  # comes back although the log is busy
    assert path.read_bytes() == b""
    held.go.set()
    log.close()
    assert held.thread not in {None, threading.get_ident()}
    assert [one.id for one in read_traffic(path).requests] == ["wye-1", "wye-2"]


@pytest.mark.parametrize(("limit", "value", "size_bytes"), [("WAITING", 2, 0), ("WAITING_BYTES", 150, 50)])
def test_what_waits_is_limited_in_lines_and_in_bytes_and_what_is_lost_is_counted(
    path: Path, said: list[Event], monkeypatch: pytest.MonkeyPatch, limit: str, value: int, size_bytes: int
) -> None:
    monkeypatch.setattr(facts_log, limit, value)
    log, held = FactsLog(path, ("user",), LARGE, said.append), HeldFacts()
    log.write(entry(0, held, size_bytes=size_bytes))
    assert held.asked.wait(SECONDS)
    for number in range(1, 6):
        log.write(entry(number, size_bytes=size_bytes))
    assert log.lost == 3
    held.go.set()
    log.close()
    assert [one.id for one in read_traffic(path).requests] == ["wye-0", "wye-1", "wye-2"]
    assert said == [
        FactsLogFailed(why="too much waits for the disk"),
        FactsLogFailed(why="3 lines were lost in all"),
    ]


def test_one_request_larger_than_the_limit_is_still_written(
    path: Path, said: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts_log, "WAITING_BYTES", 10)
    log = FactsLog(path, (), LARGE, said.append)
    log.write(entry(size_bytes=1_000))
    log.close()
    assert (len(read_traffic(path).requests), said) == (1, [])


def test_closing_writes_what_waits_in_the_order_it_came(make: Make, path: Path) -> None:
    log = make()
    for number in range(500):
        log.write(entry(number))
    log.close()
    assert [one.id for one in read_traffic(path).requests] == [f"wye-{number}" for number in range(500)]


def test_a_disk_that_hangs_is_given_up_on_and_what_waited_is_counted(
    path: Path, said: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts_log, "CLOSING_S", 0.01)
    log, held = FactsLog(path, ("user",), LARGE, said.append), HeldFacts()
    log.write(entry(1, held))
    assert held.asked.wait(SECONDS)
    log.write(entry(2))
    log.close()
    assert [type(event) for event in said] == [FactsLogFailed]
    held.go.set()
    log._thread.join(SECONDS)
    assert not log._thread.is_alive()


# --- reading it back ---


def test_a_line_that_was_cut_off_is_counted_and_the_others_are_read(path: Path) -> None:
    path.write_bytes(b'{"id":"wye-1"}\n{"id":5}\n\xff\n{"id":"wye-2","fa')
    traffic = read_traffic(path)
    assert ([one.id for one in traffic.requests], traffic.unreadable) == (["wye-1"], 3)


def test_a_time_says_its_zone() -> None:
    assert timestamp().endswith("+00:00")


def test_where_files_cannot_be_locked_the_log_still_works(
    path: Path, said: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows has no fcntl; a module that is None in the table cannot be imported."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "fcntl", None)
    spec = importlib.util.spec_from_file_location("facts_log_elsewhere", facts_log.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    log = module.FactsLog(path, (), 1, said.append)
    log.write(entry(1))
    log.write(entry(2))
    log.close()
    assert [one.id for one in read_traffic(path).requests] == ["wye-2"]
    assert [one.id for one in read_traffic(path.with_name("facts.jsonl.1")).requests] == ["wye-1"]
    assert said == []
