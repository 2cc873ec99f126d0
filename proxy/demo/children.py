"""Start a child process, wait until it answers, stop it; never leave one behind.

Each child leads a session of its own, so a terminal's Ctrl-C reaches only the parent, which then stops its children
in order. Each child also reads a pipe that ends with the parent (see `child.py`), which covers `kill -9`.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress

from proxy.demo import DemoFailed

READY_WITHIN_S = 60.0
STOP_WITHIN_S = 5.0


class Child:
    """One running child, with a name that a person understands."""

    def __init__(self, name: str, command: list[str], env: Mapping[str, str] = os.environ) -> None:
        self.name = name
        self._last_words: deque[str] = deque(maxlen=1)
        self._process = subprocess.Popen(  # noqa: S603 - the commands are ours, from `module`
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            # A child finds the modules that its parent finds, whatever lies in the current directory.
            env={**env, "PYTHONPATH": os.pathsep.join(sys.path)},
            start_new_session=True,
        )
        self.pid = self._process.pid
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        """Keep the pipe empty, so that the child never blocks on it, and remember what was said last."""
        for line in self._process.stderr or ():
            if words := line.decode(errors="replace").strip():
                self._last_words.append(words)

    def is_running(self) -> bool:
        """Whether the child has not ended yet."""
        return self._process.poll() is None

    def check(self, doing: str) -> None:
        """Raise, with the child's last words, if it has ended."""
        if self.is_running():
            return
        self._listener.join(timeout=1)
        last = self._last_words[-1] if self._last_words else f"exit code {self._process.returncode}"
        raise DemoFailed(f"{self.name} stopped while {doing}: {last}")

    def wait_until_ready(self, port: int, path: str, within_s: float = READY_WITHIN_S) -> None:
        """Return when `path` answers 200; raise when the child ends first, or the time does."""
        deadline = time.monotonic() + within_s
        while not _answers(port, path):
            self.check("starting")
            if time.monotonic() > deadline:
                raise DemoFailed(f"{self.name} did not answer within {within_s:.0f} seconds")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ask it to end, insist after five seconds, and take with it whatever it has started."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_WITHIN_S)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._listener.join(timeout=1)
        for pipe in (self._process.stdin, self._process.stderr):
            if pipe is not None:
                pipe.close()


def module(name: str, *arguments: str) -> list[str]:
    """Give the command that runs one of our modules under this Python."""
    # -P: a folder that happens to be named `proxy` where the user stands is not ours.
    return [sys.executable, "-P", "-m", name, *arguments]


def supervised(*command: str) -> list[str]:
    """Give the same command, made to end with its parent."""
    return [*module("proxy.demo.child"), "--", *command]


def free_port() -> int:
    """Find a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def require_free(port: int) -> None:
    """Raise the sentence that helps when something else listens on `port`."""
    with socket.socket() as probe:
        # As servers do: connections of a wye that has just ended do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as refused:
            raise DemoFailed(f"port {port} needs more rights than you have; choose another with --port") from refused
        except OSError as taken:
            raise DemoFailed(f"port {port} is already in use; choose another with --port") from taken


def _answers(port: int, path: str) -> bool:
    """Whether a GET of `path` on this machine is a 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
