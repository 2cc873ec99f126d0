"""The one who decides: looks at the files, and says which rules are to be in force.

A file is judged once it has been still for a moment, so that one that is being written raises no alarm, and a verdict
counts only if its bytes are the same after as before: nobody ever serves half a file.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import msgspec

from proxy.config.schema import Config
from proxy.reload.loaded import (
    VALIDATORS,
    Given,
    Loaded,
    Refusal,
    Validator,
    Verdict,
    complete,
    files_of,
    read,
    reasons,
)
from proxy.reload.watch import Watch
from proxy.telemetry.events import Emit, ReloadRefused, RestartNeeded

POLL_S = 0.5  # between two looks at the files
STILL_S = 0.2  # how long a file must not have changed before it is read
AT_START_ONLY = ("host", "port", "workers", "shutdown")  # keys of [server] that the running server cannot change
NO_FILE = "there is no file to read again: what the environment offers is looked for at the start only"


class Origin(msgspec.Struct, frozen=True):
    """Where a configuration is from; `name` is what it is called in the log."""

    name: str
    file: Path | None = None
    given: Given = Given()


class Reloader:
    """Gives verdicts on the files of a configuration. `start` is what is in force at first."""

    def __init__(
        self,
        origin: Origin,
        start: Loaded,
        environ: Mapping[str, str],
        emit: Emit,
        validators: tuple[Validator, ...] = VALIDATORS,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._origin = origin
        self._running = start.config
        self._in_force = start
        self._environ = environ
        self._emit = emit
        self._validators = validators
        self._pause = pause
        self._watch = Watch(files_of(origin.file, start.config) if origin.file else ())
        # Where there is a file it is looked at once, for it may have changed since the start; where none is, never.
        self._watch.taken(())
        self._judged: bytes | None = None
        self._refused: Refusal | None = None
        self._asked = False

    def ask(self) -> None:
        """Have the files judged again, changed or not (SIGHUP). May be called from a signal handler."""
        self._asked = True

    def stirred(self) -> bool:
        """Say whether there may be something to judge. Quick enough for an event loop."""
        return self._asked or self._watch.stirred()

    def judge(self) -> Verdict | None:
        """Give a verdict, or None where there is nothing new, or not yet. It reads and waits: not for an event loop."""
        marks = self._watch.marks()
        self._pause(STILL_S)
        if self._watch.marks() != marks:
            return None
        digest, asked = self._watch.digest(), self._asked
        if digest == self._judged and not asked:
            self._watch.taken(marks)
            return None
        self._asked = False
        if self._origin.file is None:
            self._refuse(Refusal(self._origin.name, (NO_FILE,)))
            return None
        outcome = self._load(self._origin.file)
        if self._watch.digest() != digest:
            self._asked = self._asked or asked
            return None
        self._judged = digest
        self._watch.taken(marks)
        return self._verdict(outcome, asked)

    def _load(self, file: Path) -> tuple[Config | None, Loaded | Refusal]:
        config = None
        try:
            found = read(file, self._origin.given, self._environ)
            config, only = found.config, self._origin.given.only
            return config, complete(config, self._origin.name, self._environ, self._validators, only, found.home)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not end the watch
            return config, Refusal(self._origin.name, reasons(error))

    def _verdict(self, outcome: tuple[Config | None, Loaded | Refusal], asked: bool) -> Verdict | None:
        config, loaded = outcome
        if config is not None and self._origin.file is not None:
            self._watch.follow(files_of(self._origin.file, config))
        refused = loaded if isinstance(loaded, Refusal) else None
        known, self._refused = refused == self._refused, refused
        if isinstance(loaded, Refusal):
            return None if known and not asked else self._refuse(loaded)
        if loaded == self._in_force and not asked:
            return None if known else Verdict()
        if late := [f"[server] {key}" for key in AT_START_ONLY if self._differs(key, loaded.config)]:
            self._emit(RestartNeeded(keys=tuple(late)))
        self._in_force = loaded
        return Verdict(loaded)

    def _refuse(self, refusal: Refusal) -> Verdict:
        self._emit(ReloadRefused(file=refusal.file, problems=refusal.problems))
        return Verdict(refused=refusal)

    def _differs(self, key: str, config: Config) -> bool:
        return bool(getattr(config.server, key) != getattr(self._running.server, key))

    async def verdicts(self) -> AsyncIterator[Verdict]:
        """Give every verdict, in order, looking now and then; the judging itself is done in a thread."""
        while True:
            await asyncio.sleep(POLL_S)
            if self.stirred() and (verdict := await asyncio.to_thread(self.judge)):
                yield verdict
