"""Words that are taken apart in plain sight: `pass-word`, `p.a.s.s`, `p a s s`, `pass<b>word</b>`, `"pass" + "word"`.

Each reading is given beside the text: the lines that have changed, and for words with marks inside only these and what
stands around them, since prose and programs are full of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from proxy.facts.scanning import scan

AROUND = 64  # letters before and behind a word, for a pattern that needs more than the word
_FAR = 256  # letters that are looked through for the space where a cut-out begins
_TAG = re.compile(r"<[/!?A-Za-z][^<>]{0,500}>")
_COMMENT = re.compile(r"/\*[^*]{0,200}\*/")
_INSIDE = re.compile(rf"(?<=\w)(?:{_TAG.pattern}|{_COMMENT.pattern})+(?=\w)")
_SPACES = re.compile("  +")
_EMPHASIS = re.compile(r"[*`]+|~~|(?<!\w)_+|_+(?!\w)")
_OPERATOR = r"(?:[+.&~\\]|\.\.|\|\|)"
_JOINED = re.compile(
    rf"""(?<=[\w ])["'`]\)?[ \t]*{_OPERATOR}?[ \t]*(?:\r?\n[ \t]*)?{_OPERATOR}?[ \t]*\(?[fFrRbBuU]?["'`](?=[\w ])"""
)
MAY_BE_JOINED = (
    rf"""[A-Za-z0-9_ \x80-\xff]["'`]\)?\s*{_OPERATOR}?\s*{_OPERATOR}?[ \t]*\(?[fFrRbBuU]?["'`][A-Za-z0-9_ \x80-\xff]"""
)
_MAY_BE_JOINED = scan(MAY_BE_JOINED)
_MARKS = "-._*~|+^\u00b7\u2022\u2027"
_LETTER = r"[^\W\d_]"
_MARK = rf"(?:[{re.escape(_MARKS)}]{{1,3}}|-[ \t]*\r?\n[ \t]*)"
_MARKED = re.compile(rf"(?<={_LETTER}){_MARK}(?={_LETTER})")
_BREAK = r"[ \t]{0,3}\r?\n"


def _at(mark: str) -> re.Pattern[str]:
    """Find one mark in a word. A pattern that begins with a plain letter is ten times as fast as one with a choice."""
    behind = rf"[{re.escape(_MARKS)}]{{0,2}}{_LETTER}" + (f"|{_BREAK}" if mark == "-" else "")
    return re.compile(rf"{re.escape(mark)}(?<={_LETTER}{re.escape(mark)})(?={behind})")


_AT = {mark: _at(mark) for mark in _MARKS}
_SPELLED = re.compile(r"(?<!\w)\w(?:[^\w\n]{1,3}\w){3,}(?!\w)")
# Beyond ASCII every byte may be of a letter or of a mark: the search that follows knows.
MAY_BE_SPELLED = (
    r"(?:^|[^A-Za-z0-9_])(?:[A-Za-z0-9]|[\x80-\xff]+)(?:[^A-Za-z0-9_\n]{1,6}(?:[A-Za-z0-9]|[\x80-\xff]+)){3}"
)
_MAY_BE_SPELLED = scan(MAY_BE_SPELLED)
_FEWEST = 3  # letters among what is spelled: rows of digits are numbers
_APART = re.compile(r"(?<=\w)(?:([ ]{2,3})|[^\w\n]{1,3})(?=\w)")


# What stands in a text that `joined` has another reading of; marks inside of words are too common to be among it.
ANY = (MAY_BE_SPELLED, "<[/!?A-Za-z]", r"/\*", "[*`]|~~", r"\b_+\B|\B_+\b", MAY_BE_JOINED)


def joined(text: str) -> list[str]:
    """Return the readings of a text in which words that it takes apart are whole."""
    found = list(_windows(text, _spelled(text), _together))
    for form in _plain(text):
        found += changed(text, form)
    return found


def unmarked(text: str) -> list[str]:
    """Return the words of a text that have a mark inside, without it, and what stands around them."""
    return list(_windows(text, _marked(text), _without_marks))


def changed(text: str, form: str) -> list[str]:
    """Return the lines of a form that the text has not, as one text."""
    if form == text:
        return []
    known = set(text.split("\n"))
    lines = [line for line in form.split("\n") if line not in known]
    return ["\n".join(lines)] if lines else []


def _plain(text: str) -> Iterator[str]:
    """Give the text without tags, comments, emphasis, and with quoted strings put together."""
    if "<" in text or "/*" in text:
        inside = _COMMENT.sub("", _TAG.sub("", _INSIDE.sub("", text)))
        yield inside
        yield _SPACES.sub(" ", _COMMENT.sub(" ", _TAG.sub(" ", text)))
    if any(mark in text for mark in "*`_~"):
        yield _EMPHASIS.sub("", text)
    if _MAY_BE_JOINED.search(text.encode()):
        yield _JOINED.sub("", text)


def _marked(text: str) -> Iterator[tuple[int, int]]:
    for mark, at in _AT.items():
        if mark in text:
            yield from (found.span() for found in at.finditer(text))


def _spelled(text: str) -> Iterator[tuple[int, int]]:
    if _MAY_BE_SPELLED.search(text.encode()):
        yield from (found.span() for found in _SPELLED.finditer(text))


def _without_marks(text: str) -> str:
    return _MARKED.sub("", text)


def _together(text: str) -> str:
    return _SPELLED.sub(_word, text)


def _word(run: re.Match[str]) -> str:
    """Put single letters together; two spaces between them are one between words."""
    letters = sum(map(str.isalpha, run[0]))
    return _APART.sub(lambda gap: " " if gap[1] else "", run[0]) if letters >= _FEWEST else run[0]


def _windows(text: str, spots: Iterator[tuple[int, int]], rewrite: Callable[[str], str]) -> Iterator[str]:
    """Cut out what stands around some spots, as one where they are near each other, and rewrite it."""
    start, end = 0, -1
    for first, last in sorted(spots):
        if end < 0 or first - AROUND > end:
            yield from _rewritten(text, start, end, rewrite)
            start = max(first - AROUND, 0)
        end = last + AROUND
    yield from _rewritten(text, start, end, rewrite)


def _rewritten(text: str, start: int, end: int, rewrite: Callable[[str], str]) -> Iterator[str]:
    """Rewrite a cut-out from the beginning of a word to the end of one; a space shows that no line begins or ends."""
    if end < 0:
        return
    far = max(start - _FAR, 0)
    line = text.rfind("\n", far, start) + 1
    space = text.rfind(" ", max(line, far), start)
    start = line or (0 if far == 0 and space < 0 else start)
    before = ""
    if space >= 0:
        start, before = space, " "
    cut = text[start : _end_of_word(text, end)]
    form = rewrite(cut)
    if form != cut:
        yield f"{before}{form} " if end < len(text) else f"{before}{form}"


def _end_of_word(text: str, end: int) -> int:
    space = text.find(" ", end, end + _FAR)
    return end if space < 0 else space
