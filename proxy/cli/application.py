"""The application, made in the process that serves it; and the end of a worker whose parent is gone."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterable
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess as ParentProcess
from threading import Thread

import msgspec

from proxy.app import build
from proxy.cli.hangup import ignore_hangup
from proxy.cli.start import Start
from proxy.endpoints.asgi_types import ASGIApp
from proxy.reload.following import Mailbox
from proxy.reload.loaded import Verdict
from proxy.sticky.stickiness import Memory
from proxy.sticky.table import Table
from proxy.telemetry.logs import set_up_logging


class Application:
    """Makes the application; an object, so that it travels to a new process with the rules that are in force by then.

    Without `verdicts` of its own, a process follows those in its mailbox.
    """

    def __init__(self, start: Start, verdicts: AsyncIterable[Verdict] | None = None) -> None:
        self._start = start
        self._verdicts = verdicts
        self.mailbox = Mailbox()
        workers = start.config.server.workers
        self._memory = Memory(Table.shared() if workers > 1 else Table.alone())

    def __call__(self) -> ASGIApp:
        """Build the application."""
        if (parent := parent_process()) is not None:
            ignore_hangup()  # the parent tells its workers what to do about it
            Thread(target=_end_with, args=(parent,), daemon=True).start()
        loaded = self._start.loaded
        set_up_logging(loaded.config.log.level, loaded.config.log.format)
        verdicts = self.mailbox.verdicts() if self._verdicts is None else self._verdicts
        return build(loaded, self._start.via, verdicts=verdicts, memory=self._memory)

    def keep(self, verdict: Verdict) -> None:
        """Remember a verdict for processes that start later."""
        if verdict.loaded is not None:
            self._start = msgspec.structs.replace(self._start, loaded=verdict.loaded)
        self.mailbox.leave(Verdict(refused=verdict.refused))


def _end_with(parent: ParentProcess) -> None:
    """Stop this worker in order when the process that started it is gone, killed or not."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
