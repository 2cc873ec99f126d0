"""The records of the two corpora, read from their files with every placeholder filled in."""

from __future__ import annotations

import tomllib
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Literal

import msgspec

from tests.corpora.placeholders import expand

HERE = Path(__file__).parent
Corpus = Literal["secrets", "pii"]


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a file: `text` holds placeholders, `between` names the two passages around it."""

    id: str
    family: str
    language: str
    text: str
    kinds: tuple[str, ...] = ()
    between: tuple[str, str] | None = None


class Record(msgspec.Struct, frozen=True):
    """A text as a detector gets it. `kinds` is what there is to find: none for a hard negative."""

    id: str
    family: str
    language: str
    text: str
    kinds: frozenset[str]
    held_out: bool


def held_out(record_id: str) -> bool:
    """Tell whether a record is kept for measuring: a third of all ids, by a hash that no release of Python changes."""
    return sha256(record_id.encode()).digest()[0] % 3 == 0


@cache
def read_lines(corpus: Corpus) -> tuple[Line, ...]:
    """Read the lines of a corpus as they are written, positives first."""
    files = (HERE / corpus / f"{name}.jsonl" for name in ("positives", "negatives"))
    return tuple(
        msgspec.json.decode(line, type=Line) for file in files for line in file.read_text(encoding="utf-8").splitlines()
    )


@cache
def read_passages() -> dict[str, str]:
    """Read the passages that long texts are made of. None of them holds anything to find."""
    return {name: text.strip() for name, text in tomllib.loads((HERE / "passages.toml").read_text("utf-8")).items()}


@cache
def read_records(corpus: Corpus) -> tuple[Record, ...]:
    """Read a corpus, ready for a detector.

    Raises
    ------
    ValueError: a placeholder or a passage that is not known.

    """
    return tuple(_record(line) for line in read_lines(corpus))


def _record(line: Line) -> Record:
    return Record(
        id=line.id,
        family=line.family,
        language=line.language,
        text=_surround(expand(line.text, line.id), line.between),
        kinds=frozenset(line.kinds),
        held_out=held_out(line.id),
    )


def _surround(text: str, between: tuple[str, str] | None) -> str:
    if between is None:
        return text
    passages = read_passages()
    if missing := [name for name in between if name not in passages]:
        raise ValueError(f"no passage is called {missing[0]!r}")
    return "\n\n".join((passages[between[0]], text, passages[between[1]]))
