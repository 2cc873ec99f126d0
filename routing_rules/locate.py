"""From a key path to its line in the text: tomllib reads values and forgets where they stood.

A light scanner over TOML that already parsed. It knows just enough to step over strings, arrays and tables and to
note where each key begins; where it cannot go on it stops, and the lines found so far still serve.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left

from routing_rules.errors import Path

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[A-Za-z0-9_-]+')
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE = re.compile(r"[^,\]}#\n]+")


class Locator:
    """Knows the line of every key in a TOML text."""

    def __init__(self, text: str) -> None:
        self._lines = _Scanner(text).scan()

    def line(self, path: Path) -> int:
        """Return the 1-based line of a key path, or of its longest prefix that is in the text; 0 if none is."""
        prefixes = (path[:length] for length in range(len(path), 0, -1))
        return next((self._lines[prefix] for prefix in prefixes if prefix in self._lines), 0)


class _LostError(Exception):
    """The text is not the TOML that was expected here."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._breaks = [at for at, letter in enumerate(text) if letter == "\n"]
        self._table: Path = ()
        self._lengths: dict[Path, int] = {}
        self._lines: dict[Path, int] = {}

    def scan(self) -> dict[Path, int]:
        """Read headers and pairs to the end, or as far as they can be read."""
        try:
            while self._peek_after(_BLANK):
                self._header() if self._text[self._at] == "[" else self._pair(self._table)
        except (_LostError, RecursionError):
            pass
        return self._lines

    def _header(self) -> None:
        start = self._at
        is_array = self._text.startswith("[[", start)
        self._at += 2 if is_array else 1
        *parents, last = self._keys()
        self._take("]]" if is_array else "]")
        table = (*self._resolve(parents), last)
        if is_array:
            self._lengths[table] = self._lengths.get(table, 0) + 1
        self._table = self._latest(table)
        self._note(self._table, start)

    def _resolve(self, keys: list[str]) -> Path:
        table: Path = ()
        for key in keys:
            table = self._latest((*table, key))
        return table

    def _latest(self, table: Path) -> Path:
        """Where a table is an array of tables, its last element is meant."""
        return (*table, self._lengths[table] - 1) if table in self._lengths else table

    def _pair(self, table: Path) -> None:
        start = self._at
        path = (*table, *self._keys())
        self._take("=")
        self._note(path, start)
        self._value(path)

    def _keys(self) -> list[str]:
        keys = [self._key()]
        while self._peek_after(_SPACE) == ".":
            self._at += 1
            keys.append(self._key())
        return keys

    def _key(self) -> str:
        self._peek_after(_SPACE)
        written = self._match(_KEY)
        return _unquoted(written) if written[0] in "\"'" else written

    def _value(self, path: Path) -> None:
        match self._peek_after(_SPACE):
            case "[":
                self._array(path)
            case "{":
                self._inline_table(path)
            case '"' | "'":
                self._match(_STRING)
            case _:
                self._match(_BARE)

    def _array(self, path: Path) -> None:
        self._at += 1
        index = 0
        while self._peek_after(_BLANK) != "]":
            self._note((*path, index), self._at)
            self._value((*path, index))
            index += 1
            self._separator("]")
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while self._peek_after(_BLANK) != "}":
            self._pair(path)
            self._separator("}")
        self._at += 1

    def _separator(self, end: str) -> None:
        if self._peek_after(_BLANK) != end:
            self._take(",")

    def _note(self, path: Path, at: int) -> None:
        line = bisect_left(self._breaks, at) + 1
        for length in range(1, len(path) + 1):
            self._lines.setdefault(path[:length], line)

    def _peek_after(self, skipped: re.Pattern[str]) -> str:
        """Step over what may be skipped, and look at the letter behind it; empty at the end."""
        if match := skipped.match(self._text, self._at):
            self._at = match.end()
        return self._text[self._at : self._at + 1]

    def _take(self, expected: str) -> None:
        self._peek_after(_SPACE)
        if not self._text.startswith(expected, self._at):
            raise _LostError
        self._at += len(expected)

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise _LostError
        self._at = match.end()
        return match[0]


def _unquoted(written: str) -> str:
    try:
        return str(tomllib.loads(f"key = {written}")["key"])
    except tomllib.TOMLDecodeError:
        raise _LostError from None
