"""Runs a container's health command against a wye of ours, as the engine would run it inside."""

from __future__ import annotations

import os
import subprocess
import sys


def probe(command: list[str], port: int) -> int:
    """Run a health command, with this interpreter for the image's, and return its exit code."""
    assert command[:2] == ["python", "-Ic"]
    environ = {**os.environ, "WYE_PORT": str(port), "HTTP_PROXY": "http://127.0.0.1:9"}
    return subprocess.run(
        [sys.executable, *command[1:]], env=environ, stderr=subprocess.DEVNULL, timeout=20, check=False
    ).returncode
