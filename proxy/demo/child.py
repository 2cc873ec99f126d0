"""No orphans: a child process that ends when its parent does, however the parent ended.

The parent holds the other end of this process's stdin. The kernel closes it when the parent exits or is killed, so
end of file on stdin means: nobody is waiting for us any more. `python -m proxy.demo.child -- COMMAND...` gives that
habit to a command that does not have it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

GRACE_S = 2.0


def when_stdin_ends(do: Callable[[], None]) -> None:
    """Call `do` once, from a thread of its own, as soon as stdin reaches its end."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        do()

    threading.Thread(target=watch, name="stdin-watch", daemon=True).start()


def leave() -> None:
    """End this process now, without waiting for threads that a native library may hold."""
    os._exit(0)


def supervise(command: list[str]) -> int:
    """Run `command` until it ends or stdin does; the exit code is the command's own, as a shell would give it."""
    # The command stays in our process group, so that one killpg reaches both, and whatever the command has started.
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - running a command is its job
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda number, _frame: process.send_signal(number))
    when_stdin_ends(lambda: _end(process))
    code = process.wait()
    return code if code >= 0 else 128 - code


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    deadline = time.monotonic() + GRACE_S
    while process.returncode is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(supervise(sys.argv[sys.argv.index("--") + 1 :]))
