"""Does what a stage of a Containerfile does, without an engine: its steps as they stand, in a folder for a root."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.deploy.containerfile import ROOT, Stage

_NOT_OURS = ("UV_PROJECT", "VIRTUAL_ENV", "PYTHON", "WYE_", "OPENAI_", "OLLAMA_")


class Replay:
    """The files of one stage, under `root`: `/opt/wye` of the image is `root/opt/wye` here."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.work = root
        python = root / "usr/local"
        subprocess.run([sys.executable, "-m", "venv", python], check=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)}
        self.environ = {**kept, "PATH": f"{python}/bin:/usr/bin:/bin"}

    def run(self, stage: Stage) -> None:
        """Replay a stage. Raises AssertionError with the output of a step that failed."""
        for instruction in stage.instructions:
            if instruction.name == "WORKDIR":
                self.work = Path(self.moved(instruction.text))
                self.work.mkdir(parents=True)
            elif instruction.name == "ENV":
                self.environ |= {name: self.moved(value) for name, value in instruction.pairs.items()}
            elif instruction.name == "COPY":
                self._copy(*instruction.copied)
            else:
                assert instruction.name == "RUN"
                self._step(instruction.text)

    def moved(self, text: str) -> str:
        """Move the absolute paths in a text below the root of this replay."""
        return re.sub(r"(?<![\w.~])/(?=(?:opt|src)\b)", f"{self.root}/", text)

    def _copy(self, stage: str | None, sources: list[str], to: str) -> None:
        assert stage is None
        for source in map(ROOT.joinpath, sources):
            if source.is_dir():
                shutil.copytree(source, self.work / to, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                target = self.work / to / source.name if to.endswith("/") else self.work / to
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)

    def _step(self, line: str) -> None:
        done = subprocess.run(
            ["sh", "-ec", self.moved(line)],
            cwd=self.work,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
