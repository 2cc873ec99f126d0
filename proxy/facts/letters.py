"""Letters as detectors read them: one spelling for what looks, or is drawn, the same.

`normalise` takes nothing from a text that a reader could see: NFKC, without characters that are drawn as nothing, every
space a space. `folded` goes further and is read beside the text, never in its place: look-alikes of other scripts
become Latin, accents go, digits of every script become ASCII.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from proxy.facts.confusables import CONFUSABLES
from proxy.facts.invisible import UNSEEN

_BLANK = 0x2800  # of Braille, a picture of nothing
_INVISIBLE: dict[int, str | None] = dict.fromkeys(UNSEEN)
# Halves of a pair are no letters and have no UTF-8.
_INVISIBLE |= dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
for _letter in map(chr, range(0x3001)):
    if _letter.isspace() or ord(_letter) == _BLANK:
        # RE2 knows five kinds of space, writing has more.
        _INVISIBLE[ord(_letter)] = _letter if _letter in "\t\n\r" else " "


def _any_of(letters: Iterable[int]) -> re.Pattern[str]:
    """Compile a class of letters below U+10000: `re` looks those up in a table, and others one range after another."""
    return re.compile(f"[{re.escape(''.join(chr(letter) for letter in sorted(letters) if letter < _ASTRAL))}]")


_ASTRAL = 0x10000
_PLAIN = re.compile(r"[\t\n\r\x20-\x7e]*")
_TO_REMOVE = _any_of(letter for letter, seen in _INVISIBLE.items() if seen is None or ord(seen) != letter)
_ABOVE = re.compile("[\U00010000-\U0010ffff]")
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
# Latin, Greek and Cyrillic letters with accents that NFD takes apart, and marks that stand for themselves.
_ACCENTED = (
    letter
    for letter in (*range(0xC0, 0x590), *range(0x1AB0, 0x2100), *range(0xFE20, 0xFE30))
    if _MARKS.search(unicodedata.normalize("NFD", chr(letter)))
)
_TO_FOLD = _any_of({*_ACCENTED, *CONFUSABLES})
_LOOK_ALIKE = re.compile(f"{_any_of(CONFUSABLES).pattern}|{_ABOVE.pattern}")
_DENSE = 1.2  # bytes of UTF-8 a letter


def is_plain(text: str) -> bool:
    """Say whether a text is printable ASCII with plain line breaks, which has only one spelling."""
    return _PLAIN.fullmatch(text) is not None


def normalise(text: str) -> str:
    """Bring a text into the form that detectors match."""
    if is_plain(text):
        return text
    if _TO_REMOVE.search(text) or _ABOVE.search(text):
        text = text.translate(_INVISIBLE)
    return unicodedata.normalize("NFKC", text)


def folded(text: str) -> str:
    """Return a normalised text with look-alikes as the Latin letters they look like, and without accents."""
    if text.isascii() or not (_TO_FOLD.search(text) or _ABOVE.search(text)):
        return text
    bare = _MARKS.sub("", unicodedata.normalize("NFD", text))
    if bare.isascii():
        return bare
    # A table costs the same for every letter, a search only for those that it finds.
    dense = len(bare.encode()) > len(bare) * _DENSE
    looks = (
        bare.translate(CONFUSABLES)
        if dense
        else _LOOK_ALIKE.sub(lambda found: CONFUSABLES.get(ord(found[0]), found[0]), bare)
    )
    return unicodedata.normalize("NFC", looks)
