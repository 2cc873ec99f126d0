"""The text view: every string of a request, as detectors read it, one a line.

Keys and unknown fields included, unescaped, in NFKC, without zero-width characters; each string alone, each key with
its value, and adjacent text parts joined. Beside a text stands what it becomes when look-alikes are read as Latin
letters, what its base64 and hex runs decode to, once, and what token ids stand for. Path and query belong to it. A body
is never looked at selectively: what is not read here could carry anything out.

A long text of a field such as `content` is a line of its own; any other begins with its key (`user: anna`).
"""

from __future__ import annotations

import msgspec

from proxy.facts.encodings import decode_runs, unescape, unquote
from proxy.facts.letters import folded, is_plain, normalise
from proxy.facts.strings import Strings, gather
from proxy.facts.token_ids import decode_ids


class View(msgspec.Struct, frozen=True):
    """A text view, and whether something in it could not be read: a blob, or token ids that make no text."""

    text: str
    unreadable: bool = False


def text_view(document: object, *extra: str) -> str:
    """Write all strings of a decoded body, and any others given, one a line."""
    return read(gather(document), *extra).text


def read(found: Strings, *extra: str) -> View:
    """Write the view of what was gathered from a body, and of texts besides it: path, query, headers."""
    texts = [text for given in extra for text in dict.fromkeys((given, unquote(given)))]
    texts += found.texts
    unreadable = False
    for ids, meant in found.ids:
        decoded, clean = decode_ids(ids)
        texts += decoded
        unreadable = unreadable or (meant and not clean)
    lines = _spelled(texts)
    decoded, hidden = decode_runs(lines)
    return View("\n".join((*lines, *_spelled(decoded))), unreadable or hidden)


def _spelled(texts: list[str]) -> list[str]:
    """Bring texts into the form that detectors match, each followed by its folded form where that is another."""
    together = "\n".join(texts)
    if is_plain(together) and "\\u" not in together:
        return texts
    lines: list[str] = []
    for text in texts:
        for form in dict.fromkeys((text, unescape(text))):
            plain = normalise(form)
            lines += dict.fromkeys((plain, folded(plain)))
    return lines
