"""The fake OpenAI in a process of its own, so that it does not share an interpreter with whoever measures."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.fakes.upstream import FakeOpenAI


@contextmanager
def upstream() -> Iterator[int]:
    """Start it; give its port; stop it by closing its standard input."""
    command = [sys.executable, "-m", "tests.bench.upstream"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.communicate()


if __name__ == "__main__":
    with FakeOpenAI() as server:
        print(server.port, flush=True)
        sys.stdin.read()
