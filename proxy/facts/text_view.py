"""The text view: every string of a request, as detectors read it, one a line.

Keys and unknown fields included, unescaped, in NFKC, without letters that nobody sees; each string alone, each key with
its value, and adjacent texts joined. Path and query belong to it. A body is never looked at selectively: what is not
read here could carry anything out.

Behind the texts stand their other readings, and the readings of these: look-alikes as Latin letters, unseen letters as
spaces, escapes undone, words put together, names beside their values, base64, hex and numbers decoded. A text that can
only be read in one way costs one search, which finds that out.

A long text of a field such as `content` is a line of its own; any other begins with its key (`user: anna`).
"""

from __future__ import annotations

import msgspec

from proxy.facts import codes, encodings, invisible, markup, pairs
from proxy.facts.escapes import undone, unquote
from proxy.facts.letters import folded, normalise
from proxy.facts.markup import changed
from proxy.facts.scanning import scan
from proxy.facts.slices import slices
from proxy.facts.strings import Strings, gather
from proxy.facts.token_ids import decode_ids

ROUNDS = 4  # disguises that may lie over one another
_BORDER = "\n \n"  # between strings: no run of base64 goes over it
_OVERLAP = 512  # letters of a slice that belong to the next one too
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_DISGUISED = scan(
    "|".join(
        f"(?:{pattern})" for pattern in (_CONTROL, encodings.RUN, codes.DECIMAL, codes.BINARY, *markup.ANY, *pairs.ANY)
    )
    + r"|\\[uUxnrt0-7\"'/\\]|%[0-9A-Fa-f]{2}|&[#A-Za-z]|=[2-7][0-9A-F]|=[ \t]*\r?\n"
)


class View(msgspec.Struct, frozen=True):
    """A text view, and whether something in it could not be read: a blob, or token ids that make no text."""

    text: str
    unreadable: bool = False


class Readings(msgspec.Struct):
    """What a look at some texts has found: themselves in the form that is matched, and what else they may mean."""

    plain: str
    others: list[str]
    unreadable: bool = False


def text_view(document: object, *extra: str) -> str:
    """Write all strings of a decoded body, and any others given, one a line."""
    return read(gather(document), *extra).text


def read(found: Strings, *extra: str) -> View:
    """Write the view of what was gathered from a body, and of texts besides it: path, query, headers."""
    texts = [text for given in extra for text in dict.fromkeys((given, unquote(given)))]
    texts += found.texts
    decoded, unreadable = _meant(found)
    texts += decoded
    lines: list[str] = []
    seen = set(texts)
    for _ in range(ROUNDS):
        readings = _look(texts)
        lines.append(readings.plain)
        unreadable = unreadable or readings.unreadable
        texts = [text for text in _opened(readings.others) if text not in seen]
        if not texts:
            break
        seen.update(texts)
    return View("\n".join((*lines, *texts)), unreadable)


def _meant(found: Strings) -> tuple[list[str], bool]:
    """Decode lists of numbers as token ids; the flag says that some are meant to be and make no text."""
    texts: list[str] = []
    unreadable = False
    for ids, meant in found.ids:
        decoded, clean = decode_ids(ids)
        texts += decoded
        unreadable = unreadable or (meant and not clean)
    return texts, unreadable


def _opened(texts: list[str]) -> list[str]:
    """Open what came out: it may be JSON, or numbers that stand for a text."""
    opened: list[str] = []
    for text in dict.fromkeys(texts):
        found = gather(text)
        opened += (*found.texts, *_meant(found)[0])
    return list(dict.fromkeys(opened))


def _look(texts: list[str]) -> Readings:
    together = _BORDER.join(texts)
    if together.isascii() and not _DISGUISED.search(together.encode()):
        return Readings(together, markup.unmarked(together))
    readings = _spelled(together)
    plain = readings.plain
    for piece in slices(plain, _OVERLAP):
        readings.others += changed(piece, undone(piece))
        readings.others += markup.joined(piece)
    readings.others += markup.unmarked(plain)
    readings.others += pairs.told(plain)
    readings.others += codes.from_text(plain.encode())
    decoded, hidden = encodings.decode_runs(plain.split(_BORDER))
    readings.others += decoded
    readings.unreadable = readings.unreadable or hidden
    return readings


def _spelled(text: str) -> Readings:
    """Bring a text into the form that detectors match, and read its letters as what they look like and carry."""
    readings = Readings("", [])
    plain: list[str] = []
    for piece in slices(text):
        form = normalise(piece)
        plain.append(form)
        if form is not piece:
            carried, hidden = invisible.carried(piece)
            readings.others += (*carried, *invisible.parted(piece))
            readings.unreadable = readings.unreadable or hidden
        readings.others += changed(form, folded(form))
    readings.plain = "".join(plain)
    return readings
