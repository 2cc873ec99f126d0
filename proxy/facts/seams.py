"""What stands on both sides of a border, read as one: content parts, the items of a list, one message and the next.

`pass` + `word` are one word, `my password is` + `hunter2` one sentence, `password` + `hunter2` a name and its value. Of
a long text only its ends are read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from proxy.facts.pairs import pair, tells

_LONG = 400  # letters of a text that is read again as a whole
_EDGE = 200  # letters of either end of a longer one
_WORDS = 4  # words of a name
_ENDS = ".!?;)\u2026\u3002\uff01\uff1f"


def joined(parts: list[str]) -> list[str]:
    """Join texts that follow one another, with and without a space between them, and as name and value."""
    runs: list[list[str]] = [[]]
    for part in parts:
        if len(part) <= _LONG:
            runs[-1].append(part)
        else:
            runs[-1].append(_head(part))
            runs.append([_tail(part)])
    texts = [mark.join(run) for run in runs if len(run) > 1 for mark in ("", " ")]
    return [*texts, *_named(parts)]


def across(messages: Iterable[tuple[str, str]]) -> list[str]:
    """Join what one message leaves open with the next, and with the next of the same role. A message: role and text."""
    sequence = list(messages)
    orders = [[text for _, text in sequence]]
    roles = dict.fromkeys(role for role, _ in sequence)
    if len(roles) > 1:
        orders += ([text for role, text in sequence if role == one] for one in roles)
    return list(dict.fromkeys(text for order in orders for text in _open_ends(order)))


def _open_ends(texts: list[str]) -> Iterator[str]:
    for first, second in pairwise(texts):
        left, right = _tail(first.rstrip()), _head(second.lstrip())
        if left and right and left[-1] not in _ENDS:
            yield f"{left} {right}"
            if left[-1].isalnum() and right[0].isalnum():
                yield left + right
    yield from _named(texts)


def _named(texts: list[str]) -> Iterator[str]:
    """Give a short text beside the next one, if that is a single word that looks like a value."""
    for first, second in pairwise(texts):
        if len(first) < _EDGE and len(second) < _EDGE and tells(value := second.strip()):
            name = first.rstrip(" \t\r\n:=?")
            if len(name.split()) <= _WORDS and (line := pair(name, value)):
                yield line


def _head(text: str) -> str:
    if len(text) <= _EDGE:
        return text
    space = text.rfind(" ", 0, _EDGE)
    return text[: space if space > 0 else _EDGE]


def _tail(text: str) -> str:
    if len(text) <= _EDGE:
        return text
    space = text.find(" ", len(text) - _EDGE)
    return text[space if space > 0 else -_EDGE :]
