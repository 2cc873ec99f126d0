"""SIGHUP has two meanings: read the files again, and, from a terminal that was closed, stop."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType

_TERMINAL = Path("/dev/tty")


def on_hangup(reload: Callable[[], object], stop: Callable[[], object]) -> Callable[[], None]:
    """Return what to do on SIGHUP: stop where there was a terminal and it is gone, else reload."""
    at_start = has_terminal()

    def decide() -> None:
        if at_start and not has_terminal():
            stop()
        else:
            reload()

    return decide


def listen_to_hangup(decide: Callable[[], None]) -> None:
    """Do this on SIGHUP, where there is such a signal."""

    def handle(_signal: int, _frame: FrameType | None) -> None:
        decide()

    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, handle)


def ignore_hangup() -> None:
    """Let SIGHUP pass."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def has_terminal() -> bool:
    """Say whether this process has a terminal that can stop it."""
    try:
        os.close(os.open(_TERMINAL, os.O_RDWR))
    except OSError:
        return False
    return True
