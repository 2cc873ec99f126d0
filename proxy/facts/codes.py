"""Texts that are written as numbers: code points or bytes, in decimal or binary, in a list or in a sentence.

`[112, 97, 115, 115]`, `["112", "97"]`, `[112.0, 97.0]`, `112 97 115 115`, `01110000 01100001`. Hexadecimal is a matter
of `proxy/facts/encodings.py`, token ids of `proxy/facts/token_ids.py`.
"""

from __future__ import annotations

from typing import Any

from proxy.facts.encodings import as_text
from proxy.facts.scanning import scan

FEWEST = 4  # numbers that make a word
_LAST = 0x10FFFF
_DIGITS = 7  # of the last code point there is
_HALVES = range(0xD800, 0xE000)
DECIMAL = r"(?:[&\\#]{0,3}1?[0-9]{2}[ ,;\n\t]{1,3}){7,}1?[0-9]{2}"
BINARY = r"(?:[01]{8}[ ,;\n\t]{0,2}){4,}"
_DECIMAL, _BINARY = scan(DECIMAL), scan(BINARY)
_NUMBER, _OCTET = scan("[0-9]+"), scan("[01]{8}")


def whole_numbers(items: list[Any]) -> list[int] | None:
    """Return a list's numbers, also those written as `112.0`, `"112"` or `[112]`; None for a list of anything else."""
    numbers: list[int] = []
    for item in items:
        number = item if type(item) is int else _whole(item)
        if number is None:
            return None
        numbers.append(number)
    return numbers


def _whole(item: object) -> int | None:
    if isinstance(item, list) and len(item) == 1:
        (item,) = item
    if type(item) is int:
        return item
    if isinstance(item, float):
        return int(item) if item.is_integer() else None
    written = isinstance(item, str) and len(item) <= _DIGITS and item.isascii() and item.isdigit()
    return int(item) if written and isinstance(item, str) else None


def from_numbers(numbers: list[int]) -> str | None:
    """Read numbers as bytes, or as code points; None where that is no text."""
    if len(numbers) < FEWEST or min(numbers) < 0 or max(numbers) > _LAST:
        return None
    if max(numbers) < 256 and (text := as_text(bytes(numbers))) is not None:  # noqa: PLR2004 - bytes
        return text
    if any(number in _HALVES for number in numbers):
        return None
    return as_text("".join(map(chr, numbers)).encode())


def from_text(data: bytes) -> list[str]:
    """Return the texts that rows of decimal or binary numbers in a text stand for."""
    rows = [[int(number[0]) for number in _NUMBER.finditer(found[0])] for found in _DECIMAL.finditer(data)]
    rows += ([int(octet[0], 2) for octet in _OCTET.finditer(found[0])] for found in _BINARY.finditer(data))
    return [text for row in rows if (text := from_numbers(row)) is not None]
