"""The facts logs that are open: one as a rule, and for a while one more when a reload changes what it is to hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from threading import Thread

from proxy.config.schema import FactsLog as Table
from proxy.telemetry.events import Emit
from proxy.telemetry.facts_log import FactsLog, open_log

_Key = tuple[str | None, frozenset[str], int]


class FactsLogs:
    """Opens logs, hands the same one out again, and closes those that nobody uses any more."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._open: dict[_Key, FactsLog] = {}

    def open(self, table: Table, names: Iterable[str]) -> FactsLog | None:
        """Return the log that `[facts_log]` asks for; `names` are the facts that rules use. Raises OSError."""
        key = (table.path, frozenset((*names, *table.fields)), table.max_size)
        if key not in self._open and (log := open_log(table, key[1], self._emit)) is not None:
            self._open[key] = log
        return self._open.get(key)

    def keep_only(self, used: Collection[FactsLog | None]) -> None:
        """Close all others. What they still have to write is written beside what goes on meanwhile."""
        for key in [key for key, log in self._open.items() if log not in used]:
            Thread(target=self._open.pop(key).close, name="facts-log-end").start()

    def close(self) -> None:
        """Write what waits, and close all."""
        while self._open:
            self._open.popitem()[1].close()
