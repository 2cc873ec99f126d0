"""Letters that are drawn as nothing: they part words, hide in words, and can carry a text of their own.

Unicode calls them default-ignorable (`DerivedCoreProperties.txt`, 16.0); Python has no name for all of them. Language
models read them: tag letters are ASCII moved to U+E0000, and the 256 variation selectors are one for each byte.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_TAGS = range(0xE0020, 0xE007F)
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))  # bytes 0 to 15, and 16 to 255
_IGNORABLE = (
    *(range(0x34F, 0x350), range(0x115F, 0x1161), range(0x17B4, 0x17B6), range(0x180B, 0x1810), range(0x200B, 0x2010)),
    *(
        range(0x202A, 0x202F),
        range(0x2060, 0x2070),
        range(0x3164, 0x3165),
        range(0xFE00, 0xFE10),
        range(0xFFA0, 0xFFA1),
    ),
    *(range(0xFFF0, 0xFFFC), range(0x1BCA0, 0x1BCA4), range(0x1D173, 0x1D17B), range(0xE0000, 0xE1000)),
)
_LAST_CONTROL = 0x13460  # of Egypt's writing; no control or format letter lies between it and those above
UNSEEN = frozenset(
    {
        *(letter for letters in _IGNORABLE for letter in letters),
        *(
            letter
            for letter in range(_LAST_CONTROL)
            if unicodedata.category(chr(letter)) in {"Cc", "Cf"} and not chr(letter).isspace()
        ),
    }
)
HIDES = 16  # unseen letters in a row that hold more than an emoji or a flag needs
_KINDS = 4  # different unseen letters that are tried, one after the other, as the one that parts words

_CLASS = "".join(map(re.escape, map(chr, sorted(UNSEEN))))
_BETWEEN = re.compile(rf"(?<=\w)[{_CLASS}]+(?=\w)")
_CARRIED = re.compile(rf"[{chr(_TAGS[0])}-{chr(_TAGS[-1])}]{{3,}}|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{{3,}}")
_LONG = re.compile(rf"[{_CLASS}]{{{HIDES},}}")


def parted(text: str) -> list[str]:
    """Read what nobody sees between two letters as the space between two words: all of it, and each kind alone."""
    between = _BETWEEN.findall(text)
    if not between:
        return []
    kinds = sorted(set("".join(between)))
    forms = [_BETWEEN.sub(" ", text)]
    if len(kinds) > 1:
        forms += (text.replace(kind, " ") for kind in kinds[:_KINDS])
    return forms


def carried(text: str) -> tuple[list[str], bool]:
    """Return the texts that are written in unseen letters; the flag says that a long run of them makes no text."""
    runs = _CARRIED.findall(text)
    texts = [read for run in runs if (read := _as_text(run)) is not None]
    read_length = sum(map(len, runs)) if len(texts) == len(runs) else 0
    return texts, sum(map(len, _LONG.findall(text))) > read_length + HIDES


def _as_text(run: str) -> str | None:
    """Read tags as the ASCII they stand for, and selectors as bytes; None where they make no text."""
    if ord(run[0]) in _TAGS:
        return "".join(chr(ord(letter) - 0xE0000) for letter in run)
    data = bytes(_bytes_of(run))
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if text.strip().isprintable() else None


def _bytes_of(run: str) -> Iterator[int]:
    few, many = _SELECTORS
    for letter in map(ord, run):
        yield letter - few[0] if letter in few else letter - many[0] + len(few)
