"""The text view: every string of a request, as detectors read it.

Keys and unknown fields included, unescaped, in NFKC, without zero-width characters; each string alone, each key with
its value, and adjacent text parts joined, so that `pass` + `word` in two parts is found too. Path and query belong to
it. A body is never looked at selectively: what is not read here could carry anything out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

# Characters that are not seen: soft hyphen, zero-width space to right-to-left mark, word joiner and kin, the BOM,
# variation selectors and tags.
_INVISIBLE = dict.fromkeys(
    [
        *(0x00AD, 0x034F, 0x061C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)),
        *(*range(0xFE00, 0xFE10), 0xFEFF, *range(0xE0000, 0xE1000)),
    ]
)


def text_view(document: object, *extra: str) -> str:
    """Write all strings of a decoded body, and any others given, one a line."""
    return "\n".join(normalise(text) for text in (*extra, *_strings(document)))


def normalise(text: str) -> str:
    """Bring a text into the form that detectors match."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text.translate(_INVISIBLE))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _members(value)
    elif isinstance(value, list):
        yield from _items(value)


def _members(table: dict[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, str):
            yield f"{key}: {value}"
        else:
            yield key
            yield from _strings(value)


def _items(items: list[Any]) -> Iterator[str]:
    for item in items:
        yield from _strings(item)
    parts = [part for item in items if (part := _text_of(item)) is not None]
    if len(parts) > 1:
        yield "".join(parts)


def _text_of(item: object) -> str | None:
    """Return the text of a content part, or of a plain string in a list."""
    text = item.get("text") if isinstance(item, dict) else item
    return text if isinstance(text, str) else None
