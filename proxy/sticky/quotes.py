"""What of a text is known again when it is quoted: its paragraphs, lines, sentences and clauses of 40 letters and more.

Only letters and digits count, without case: so marks of quotes and lists, emphasis, indents, line breaks and spaces may
change. A number in front of a line goes too. Lines that are anybody's (`commons.py`) are as if they were not there.

A text is cut in C: what ends a piece becomes a byte that no text has (`_Mark`), all else that is no letter goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from proxy.sticky.commons import is_licence, without_code

LONG_QUOTE = 40  # letters and digits

_STOP = b"\x01"  # the end of a sentence
_PAUSE = b"\x02"  # the end of a clause: a colon, a mark of a quote
_BRACKET = b"\x03"
_LINE = b"\n"
_CUT = b"\x04"  # where a text is cut at last
_POINTS = b".:;"  # which end something if a space follows
_MARKS = _STOP + _PAUSE + _BRACKET + _LINE + _POINTS

_KEPT = bytes(code for code in range(128) if chr(code).isalnum()) + b" \n.:;"
_READ_AS = {"!": _STOP, "?": _STOP, '"': _PAUSE, "`": _PAUSE, ")": _BRACKET, "|": _BRACKET, "\t": b" "}
_READING = bytes.maketrans("".join(_READ_AS).encode(), b"".join(_READ_AS.values()))
_DROPPED = bytes(code for code in range(128) if code not in _KEPT and chr(code) not in _READ_AS)
_BEYOND_ASCII = str.maketrans("。“”«»„", '!"""""')
_NO_LETTERS_BEYOND_ASCII = re.compile(r"[^\w\x00-\x7f]+")
_ESCAPED = re.compile(r"\\[nrt]")  # as line breaks stand in code, and in JSON that is part of a text
_NUMBER = re.compile(rb"(?:\A|\n)\d{1,5}[.:\x01\x02\x03]")
# Writing that needs fewer letters, Chinese, Japanese and Korean: each counts as two.
_DENSE = re.compile("[\u2e80-\u9fff\uac00-\ud7ff\U00020000-\U0003ffff]")


def _cutting_at(ends: bytes) -> tuple[bytes, bytes]:
    """Return what `bytes.translate` needs to cut at some marks and to drop the others."""
    return bytes.maketrans(ends, _CUT * len(ends)), bytes(mark for mark in _MARKS if mark not in ends)


_AT_PARAGRAPHS, _AT_STOPS = _cutting_at(b""), _cutting_at(_STOP)
_AT_LINES, _AT_ALL = _cutting_at(_LINE), _cutting_at(_STOP + _PAUSE + _LINE)


def quotable(text: str) -> set[bytes]:
    """Return the letters of each piece that is long enough. The text is in lower case and its plain spelling."""
    if len(text) < LONG_QUOTE // 2:
        return set()
    long = (piece for piece in set(_pieces(_marked(text))) if len(piece) >= LONG_QUOTE)
    return {letters for letters in long if _is_long(letters) and not is_licence(letters)}


def _marked(text: str) -> bytes:
    """Return a text's letters, and marks where something ends."""
    if "\\" in text:
        text = _ESCAPED.sub("\n", text)
    text = without_code(text)
    if not text.isascii():
        text = _NO_LETTERS_BEYOND_ASCII.sub("", text.translate(_BEYOND_ASCII))
    marked = text.encode("utf-8", "surrogatepass").translate(_READING, _DROPPED)
    for point, mark in ((b".", _STOP), (b":", _PAUSE), (b";", _PAUSE)):
        marked = marked.replace(point + b" ", mark)
    marked = marked.replace(b".\n", _STOP + _LINE).replace(b" ", b"")
    return _NUMBER.sub(_LINE, marked)


def _pieces(marked: bytes) -> Iterator[bytes]:
    paragraphs = marked.replace(_LINE + _LINE, _CUT)
    for whole, (cutting, dropped) in (
        *((paragraphs, _AT_PARAGRAPHS), (paragraphs, _AT_STOPS)),
        *((marked, _AT_LINES), (marked, _AT_ALL)),
    ):
        yield from whole.translate(cutting, dropped).split(_CUT)


def _is_long(letters: bytes) -> bool:
    if letters.isascii():
        return True
    text = letters.decode("utf-8", "surrogatepass")
    return len(text) + len(_DENSE.findall(text)) >= LONG_QUOTE
