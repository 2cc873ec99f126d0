"""Several processes that serve, under one that decides which rules are in force.

The parent alone reads the files, so all workers follow the same verdicts in the same order; a worker that is started
later, because one has died, begins with the rules that are in force by then, even while the file is wrong.
"""

from __future__ import annotations

from contextlib import suppress
from socket import socket

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from proxy.cli.application import Application
from proxy.cli.hangup import on_hangup
from proxy.reload.loaded import Verdict
from proxy.reload.reloader import Reloader


class Worker(Process):
    """A process that serves. What its parent sends is a ping, which it answers, or a verdict, which it follows."""

    def pong(self) -> None:
        """Take in one message of the parent. Runs in the worker, in a thread of its own."""
        message = self.child_conn.recv()
        if isinstance(message, Verdict):
            application_of(self.config).mailbox.put(message)
        else:
            self.child_conn.send(self.server.started)

    def tell(self, verdict: Verdict) -> None:
        """Send a verdict; a worker that is dead is replaced soon, by one that knows it."""
        with suppress(OSError):
            self.parent_conn.send(verdict)


class Workers(Multiprocess):
    """uvicorn's supervisor, but SIGHUP reads the files again and restarts nobody: streams go on."""

    processes: list[Worker]  # type: ignore[assignment]

    def __init__(self, config: uvicorn.Config, sockets: list[socket], reloader: Reloader) -> None:
        super().__init__(config, sockets)
        self._reloader = reloader
        self._hangup = on_hangup(reloader.ask, self.should_exit.set)

    def init_processes(self) -> None:
        """Start all workers."""
        self.processes.extend(self._started() for _ in range(self.processes_num))

    def keep_subprocess_alive(self) -> None:
        """Look at the files, then at the workers; uvicorn calls this twice a second."""
        if self._reloader.stirred() and (verdict := self._reloader.judge()):
            application_of(self.config).keep(verdict)
            for worker in self.processes:
                worker.tell(verdict)
        for at, worker in enumerate(self.processes):
            if self.should_exit.is_set() or worker.is_alive(timeout=self.config.timeout_worker_healthcheck):
                continue
            worker.kill()
            worker.join()
            if worker.exitcode == STARTUP_FAILURE:  # it would fail the same way again
                self.should_exit.set()
                return
            self.processes[at] = self._started()

    def handle_hup(self) -> None:
        """Read the files again."""
        self._hangup()

    def handle_ttin(self) -> None:
        """Start one worker more."""
        self.processes_num += 1
        self.processes.append(self._started())

    def _started(self) -> Worker:
        worker = Worker(self.config, self.sockets)
        worker.start()
        return worker


def application_of(config: uvicorn.Config) -> Application:
    """Return the application that a server's settings name."""
    assert isinstance(config.app, Application)  # noqa: S101 - uvicorn's type is wider than ours
    return config.app
