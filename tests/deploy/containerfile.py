"""A Containerfile as data: stages of instructions. It knows as much of the format as ours uses; the rest is refused."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from string import Template
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
CONTAINERFILE = ROOT / "Containerfile"
_COMMENT = re.compile(r"^#.*\n", re.MULTILINE)
_KNOWN = {"ARG", "FROM", "WORKDIR", "ENV", "COPY", "RUN", "LABEL", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK"} | {
    "ENTRYPOINT",
    "CMD",
}


class Instruction(NamedTuple):
    """One instruction; `text` is all behind its name, on one line."""

    name: str
    text: str

    @property
    def pairs(self) -> dict[str, str]:
        """What `ENV` and `LABEL` set."""
        return dict(word.split("=", 1) for word in shlex.split(self.text))

    @property
    def copied(self) -> tuple[str | None, list[str], str]:
        """What `COPY` copies: from which stage, which files, to where."""
        words = self.text.split()
        stage = words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else None
        return stage, words[:-1], words[-1]


class Stage(NamedTuple):
    """One stage, and the name that later ones know it by."""

    base: str
    name: str | None
    instructions: list[Instruction]

    def all(self, name: str) -> list[Instruction]:
        """Return the instructions of this name."""
        return [one for one in self.instructions if one.name == name]

    def the(self, name: str) -> str:
        """Return the text of the only instruction of this name."""
        (one,) = self.all(name)
        return one.text

    @property
    def environment(self) -> dict[str, str]:
        """Everything that its `ENV` lines set."""
        return {name: value for one in self.all("ENV") for name, value in one.pairs.items()}


def read_stages(path: Path = CONTAINERFILE) -> list[Stage]:
    """Read a Containerfile; what stands before its first stage gives the defaults of its base images."""
    stages: list[Stage] = []
    defaults: dict[str, str] = {}
    for name, text in _instructions(path):
        if name == "FROM":
            base, _, called = text.partition(" AS ")
            stages.append(Stage(Template(base).substitute(defaults), called or None, []))
        elif stages:
            stages[-1].instructions.append(Instruction(name, text))
        else:
            assert name == "ARG"
            defaults |= Instruction(name, text).pairs
    return stages


def health_command(stage: Stage) -> list[str]:
    """Return the command of a stage's `HEALTHCHECK`."""
    command: list[str] = json.loads(stage.the("HEALTHCHECK").partition(" CMD ")[2])
    return command


def _instructions(path: Path) -> list[Instruction]:
    text = _COMMENT.sub("", path.read_text(encoding="utf-8"))
    lines = [line.strip() for line in re.sub(r"\\\n\s*", "", text).splitlines()]
    found = [Instruction(*line.split(" ", 1)) for line in lines if line]
    assert {one.name for one in found} <= _KNOWN
    return found
