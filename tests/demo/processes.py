"""What the demo's tests ask the operating system about processes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def is_alive(pid: int) -> bool:
    """Whether `pid` still runs; one that has ended but was not collected yet does not count."""
    return pid in _parents()


def descendants(pid: int) -> list[int]:
    """Everything that `pid` has started, and what those have started."""
    found, pairs = [pid], _parents().items()
    for known in found:
        found.extend(child for child, parent in pairs if parent == known)
    return found[1:]


def _parents() -> dict[int, int]:
    """For each running process, its parent: from /proc where there is one, since a slim container has no `ps`."""
    rows = _rows_of_proc() if (PROC / "self" / "stat").exists() else _rows_of_ps()
    return {int(pid): int(parent) for pid, state, parent in rows if not state.startswith("Z")}


def _rows_of_proc() -> Iterator[tuple[str, str, str]]:
    for folder in PROC.glob("[0-9]*"):
        # A process may end between the listing and the look at it.
        with suppress(FileNotFoundError, ProcessLookupError):
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            yield folder.name, state, parent


def _rows_of_ps() -> Iterator[tuple[str, str, str]]:
    table = subprocess.run(["ps", "-A", "-o", "pid=,stat=,ppid="], capture_output=True, text=True, check=True).stdout
    for line in table.splitlines():
        pid, state, parent = line.split()
        yield pid, state, parent


def eventually(true: Callable[[], bool], within_s: float = 10.0) -> bool:
    """Whether `true()` becomes true in time; asked often, so that a pass is quick."""
    deadline = time.monotonic() + within_s
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def all_gone(pids: Iterable[int]) -> bool:
    """Whether none of them runs any more, at the latest ten seconds from now."""
    return eventually(lambda: not any(is_alive(pid) for pid in pids))
