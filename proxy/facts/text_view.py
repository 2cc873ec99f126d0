"""The text view: every string of a request, as detectors read it.

Keys and unknown fields included, unescaped, in NFKC, without zero-width characters; each string alone, each key with
its value, and adjacent text parts joined, so that `pass` + `word` in two parts is found too. Path and query belong to
it. A body is never looked at selectively: what is not read here could carry anything out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import msgspec

# What nobody sees: format and control characters, and letters that are drawn as nothing (Hangul fillers, Khmer inherent
# vowels, variation selectors, tags). Unicode calls them default-ignorable; Python has no name for all of them.
_UNSEEN = (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x3164, 0xFFA0, *range(0xFE00, 0xFE10))
_INVISIBLE: dict[int, str | None] = dict.fromkeys(_UNSEEN)
_INVISIBLE |= dict.fromkeys(range(0xE0000, 0xE1000))
for _letter in map(chr, range(0x1D174)):
    if _letter.isspace():
        # RE2 knows five kinds of space, writing has more.
        _INVISIBLE[ord(_letter)] = _letter if _letter in "\t\n\r" else " "
    elif unicodedata.category(_letter) in {"Cc", "Cf"}:
        _INVISIBLE[ord(_letter)] = None
_INVISIBLE |= dict.fromkeys(range(0x1D173, 0x1D17B))
_NEAR = 2  # how many levels below a key a value still belongs to it
_SHORT = 200  # letters of a value that may be a secret; longer ones stand alone only, lest a body be written twice
_PLAIN = re.compile(r"[\t\n\r\x20-\x7e]*")


def text_view(document: object, *extra: str) -> str:
    """Write all strings of a decoded body, and any others given, one a line."""
    return "\n".join(normalise(text) for text in (*extra, *_strings(document)))


def normalise(text: str) -> str:
    """Bring a text into the form that detectors match."""
    return text if _PLAIN.fullmatch(text) else unicodedata.normalize("NFKC", text.translate(_INVISIBLE))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        yield from _inside(value)
    elif isinstance(value, dict):
        yield from _members(value)
    elif isinstance(value, list):
        yield from _items(value)


def _inside(text: str) -> Iterator[str]:
    """Open a string that is JSON itself, as a tool's arguments are: it has escapes of its own."""
    if text[:1] in {"{", "["} and "\\" in text:
        try:
            yield from _strings(msgspec.json.decode(text))
        except (msgspec.DecodeError, UnicodeError):
            return


def _members(table: dict[str, Any]) -> Iterator[str]:
    """Give each key with its value, also one that lies a little deeper: `{"password": ["x"]}` names it too."""
    for key, value in table.items():
        yield from (f"{key}: {scalar}" for scalar in _scalars(value))
        if isinstance(value, str):
            yield from _inside(value)
        else:
            yield key
            yield from _strings(value)


def _scalars(value: object, depth: int = 0) -> Iterator[str]:
    if isinstance(value, dict | list):
        children = value.values() if isinstance(value, dict) else value
        for child in children if depth < _NEAR else ():
            yield from _scalars(child, depth + 1)
    elif value is not None and not isinstance(value, bool) and (depth == 0 or len(str(value)) < _SHORT):
        yield str(value)


def _items(items: list[Any]) -> Iterator[str]:
    for item in items:
        yield from _strings(item)
    parts = [part for item in items if (part := _text_of(item)) is not None]
    if len(parts) > 1:
        yield "".join(parts)
        yield " ".join(parts)


def _text_of(item: object) -> str | None:
    """Return the text of a content part, or of a plain string in a list."""
    text = item.get("text") if isinstance(item, dict) else item
    return text if isinstance(text, str) else None
