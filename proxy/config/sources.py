"""Several files that are one configuration: each decoded alone, then joined, and every problem sent home.

A `Source` is one file as it was read. `Joined` is what all of them come to: the labels, rules and tests of included
files stand before those of the main file, as if they were written at its top.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from proxy.config.decode import Decoder
from proxy.config.schema import Config
from routing_rules import Problem
from routing_rules.errors import Path as KeyPath
from routing_rules.locate import Locator

_LISTS = ("label", "rule", "test")
_NAMED = ("target", "alias", "fact", "boundary", "template")


class Source:
    """One file: its tables, decoded, and where each of them stands."""

    def __init__(self, path: Path, text: str, tables: dict[str, Any], stray: Sequence[Problem] = ()) -> None:
        """Decode the tables. `stray` is what was wrong with others that were left out of them."""
        self.path = path
        self._stray = tuple(stray)
        self.decoder = Decoder()
        self.config = self.decoder.table(Config, tables)
        self._text = text
        self._locator: Locator | None = None

    @property
    def problems(self) -> list[Problem]:
        """What decoding found, with file and line."""
        return [self.placed(problem) for problem in (*self._stray, *self.decoder.problems)]

    def placed(self, problem: Problem) -> Problem:
        """Add the file, and the line of the path as the file spells it."""
        written = self.decoder.as_written(problem.path)
        line = self.line(problem.path)
        return msgspec.structs.replace(problem, path=written, file=str(self.path), line=line)

    def line(self, path: KeyPath) -> int:
        """Return the line of a path in this file, 0 where it has none. The text is gone through when first asked."""
        self._locator = self._locator or Locator(self._text)
        return self._locator.line(self.decoder.as_written(path))


class Joined:
    """What several files come to; `sources` are in the order in which they count, the main file last."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._main = sources[-1]
        self.config = _merged([source.config for source in sources])

    def twice(self) -> list[Problem]:
        """Refuse a name that two files give a meaning to; the problem names both places."""
        problems = []
        for table in _NAMED:
            first: dict[str, Source] = {}
            for source in self._sources:
                for name in getattr(source.config, table):
                    other = first.setdefault(name, source)
                    if other is not source:
                        place = f"{other.path}:{other.line((table, name))}"
                        expected = f"a name of its own: {place} has it already"
                        problem = Problem(path=(table, name), found=f"{name!r} again", expected=expected)
                        problems.append(source.placed(problem))
        return problems

    def home(self, problem: Problem) -> Problem:
        """Send a problem of the whole to the file that it is in."""
        source, path = self.place(problem.path)
        return source.placed(msgspec.structs.replace(problem, path=path))

    def homes(self, problems: Iterable[Problem]) -> list[Problem]:
        """Send problems of the whole home, without those that only follow from others."""
        return [self.home(problem) for problem in problems if not self._blames(problem.path)]

    def _blames(self, path: KeyPath) -> bool:
        source, own = self.place(path)
        return source.decoder.blames(own)

    def place(self, path: KeyPath) -> tuple[Source, KeyPath]:
        """Return the file that a path of the whole lies in, and the path within that file."""
        match path:
            case (str() as table, int() as at, *rest) if table in _LISTS:
                for source in self._sources:
                    length = len(getattr(source.config, table))
                    if at < length:
                        return source, (table, at, *rest)
                    at -= length
            case (str() as table, str() as name, *_) if table in _NAMED:
                return next((one for one in self._sources if name in getattr(one.config, table)), self._main), path
        return self._main, path


def _merged(configs: Sequence[Config]) -> Config:
    lists = {name: tuple(one for config in configs for one in getattr(config, name)) for name in _LISTS}
    named = {name: _first_of_each([getattr(config, name) for config in configs]) for name in _NAMED}
    return msgspec.structs.replace(configs[-1], **lists, **named)


def _first_of_each(tables: Sequence[dict[str, Any]]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for table in tables:
        joined = {**joined, **{name: value for name, value in table.items() if name not in joined}}
    return joined
