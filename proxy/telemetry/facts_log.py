"""The facts log: one JSON line for each request, with what was known of it and what became of it, never its text.

Written are the model's name, the facts that rules use and those that `[facts_log] fields` lists. For a labelled request
there is no fact at all, only its labels and where it went: the log is a sink, and it accepts none. Facts that no rule
had to ask for yet are found in the log's own thread, so a request never waits for its line; nobody else asks by then.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from queue import Full, Queue
from typing import Any

import msgspec

from proxy.config.schema import FactsLog as FactsLogTable
from proxy.config.secrets import ProxyConfigError
from proxy.telemetry.events import Emit, FactsLogFailed
from proxy.telemetry.model_names import as_name
from routing_rules import Facts
from routing_rules.diff import Recorded, write_fact

if sys.platform != "win32":
    import fcntl

# What may wait for the disk: lines, and bytes of the requests that they are about. Beyond it lines are lost and
# counted, and no request waits.
WAITING = 10_000
WAITING_BYTES = 64_000_000
CLOSING_S = 5.0  # how long a disk that hangs may hold up the end of the process
_MODE = 0o600
_PLANNED_BY = "model"  # no rule need look at it: every plan begins with the model's name


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A request to write down: its record without facts, where they are (None where it is labelled), its size."""

    record: Recorded
    facts: Facts | None
    size_bytes: int = 0


class FactsLog:
    """Appends to a file from a thread of its own. Several processes may append to the same file."""

    def __init__(self, path: Path, names: Iterable[str], max_size_bytes: int, emit: Emit) -> None:
        """Open the file. Raises OSError where it cannot be written. `emit` is called from the log's thread too."""
        self._path = path
        self._names = tuple(sorted(set(names)))
        self._max_size_bytes = max_size_bytes
        self._emit = emit
        self._queue: Queue[Entry | None] = Queue(WAITING)
        self._said: str | None = None
        # Each is counted by one thread only, so no lock is needed: what comes by the writer, the rest by the log's own.
        self._come_bytes = self._overflown = 0
        self._gone_bytes = self._failed = 0
        _open(path).close()
        self._thread = threading.Thread(target=self._run, name="facts-log", daemon=True)
        self._thread.start()

    @property
    def lost(self) -> int:
        """How many lines were lost so far."""
        return self._overflown + self._failed

    def write(self, entry: Entry) -> None:
        """Take a line; it is written soon. With too much waiting, it is lost and counted."""
        held = self._come_bytes - self._gone_bytes
        if self._queue.full() or (held and held + entry.size_bytes > WAITING_BYTES):
            self._overflown += 1
            self._say("too much waits for the disk")
        else:
            self._come_bytes += entry.size_bytes
            self._queue.put_nowait(entry)  # it has room: nobody else puts

    def close(self) -> None:
        """Write what waits, and end the thread; a disk that hangs is given up on."""
        with suppress(Full):
            self._queue.put(None, timeout=CLOSING_S)
        self._thread.join(CLOSING_S)
        if lost := self.lost + self._queue.qsize():
            self._emit(FactsLogFailed(why=f"{lost} lines were lost in all"))

    def _run(self) -> None:
        while (entry := self._queue.get()) is not None:
            self._write_down(entry)
            self._gone_bytes += entry.size_bytes
            del entry  # while nothing comes, the last request's body need not be kept

    def _write_down(self, entry: Entry) -> None:
        try:
            self._append(msgspec.json.encode(self._with_facts(entry)) + b"\n")
        except Exception as error:  # noqa: BLE001 - whatever is wrong costs lines, never requests and never the thread
            self._failed += 1
            self._say(_reason(error))
        else:
            if self._queue.empty():
                self._said = None

    def _say(self, why: str) -> None:
        """Say that lines are lost, once until all that waits is written again."""
        if self._said != why:
            self._said = why
            self._emit(FactsLogFailed(why=why))

    def _with_facts(self, entry: Entry) -> Recorded:
        if entry.facts is None or entry.record.labels:
            return entry.record
        facts = {name: _written(name, entry.facts) for name in self._names}
        return msgspec.structs.replace(entry.record, facts=facts)

    def _append(self, line: bytes) -> None:
        while not self._appended(line):
            pass

    def _appended(self, line: bytes) -> bool:
        """Append a line whole or not at all; say False where another file has the name now, to be tried again."""
        with _open(self._path) as file:
            if not self._is_current(file):
                return False
            size = os.fstat(file.fileno()).st_size
            if not size or size + len(line) <= self._max_size_bytes:
                _write_whole(file, line, size)
                return True
            if sys.platform == "win32":
                file.close()  # no file is renamed there while it is open
            self._path.replace(self._path.with_name(self._path.name + ".1"))
            return False

    def _is_current(self, file: io.FileIO) -> bool:
        """Wait until no other process writes, and say whether none has turned the file over meanwhile."""
        if sys.platform != "win32":
            fcntl.flock(file, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(file.fileno()), self._path.stat())
        return False


def open_log(table: FactsLogTable, names: Iterable[str], emit: Emit) -> FactsLog | None:
    """Open the log that `[facts_log]` asks for; `names` are the facts that rules use. Raises OSError."""
    if table.path is None:
        return None
    return FactsLog(Path(table.path), (_PLANNED_BY, *names, *table.fields), table.max_size, emit)


def refuse_unwritable(table: FactsLogTable) -> None:
    """Raise ProxyConfigError where the log that `[facts_log]` asks for cannot be written."""
    try:
        if table.path is not None:
            _open(Path(table.path)).close()
    except (OSError, ValueError) as error:
        raise ProxyConfigError(f"[facts_log] path: {table.path!r} cannot be written: {_reason(error)}.") from None


class Traffic(msgspec.Struct, frozen=True):
    """What a facts log holds, and how many of its lines cannot be read (the last one, where a process was killed)."""

    requests: tuple[Recorded, ...]
    unreadable: int


def read_traffic(path: Path) -> Traffic:
    """Read a facts log. Raises OSError."""
    found = list(each_request(path))
    requests = tuple(request for request in found if request is not None)
    return Traffic(requests, len(found) - len(requests))


def each_request(path: Path) -> Iterator[Recorded | None]:
    """Read a facts log line by line, however long it is; None stands for a line that cannot be read. Raises OSError."""
    with path.open("rb") as file:
        for line in file:
            try:
                yield msgspec.json.decode(line, type=Recorded)
            except (msgspec.DecodeError, UnicodeDecodeError):
                yield None


def timestamp() -> str:
    """Return the time of now as the log writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _written(name: str, facts: Facts) -> Any:
    value = facts.value(name)
    return as_name(value) if name == _PLANNED_BY and isinstance(value, str) else write_fact(value)


def _reason(error: Exception) -> str:
    """Say what went wrong without any value that may stand in it."""
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__


def _open(path: Path) -> io.FileIO:
    """Open a file to append to, which only its owner may read."""
    return io.FileIO(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _MODE), "a")


def _write_whole(file: io.FileIO, line: bytes, size: int) -> None:
    """Append a line; of one that the disk has no room for, nothing stays. Raises OSError."""
    if file.write(line) != len(line):
        file.truncate(size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
