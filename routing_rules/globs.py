"""Globs with `*` and `?`, matched in time that no pattern can blow up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial


def is_glob(pattern: str) -> bool:
    """Say whether a string holds a wildcard."""
    return "*" in pattern or "?" in pattern


def matches(pattern: str, text: str) -> bool:
    """Match a whole text against a pattern, whatever the case of its letters: `gpt-*` matches `GPT-4o`."""
    return matcher([pattern])(text.casefold())


def matcher(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Make the test for "one of these patterns", once; it takes text that is case-folded already.

    Nearly all patterns are a word, or a word with a star before or behind it: for those the string's own methods do,
    and take all of them at a time.
    """
    words, begins, ends, others = set(), [], [], []
    for pattern in (one.casefold() for one in patterns):
        bare = pattern.strip("*")
        if not is_glob(pattern):
            words.add(pattern)
        elif is_glob(bare):
            others.append(partial(_walk, pattern))
        elif not pattern.startswith("*"):
            begins.append(bare)
        elif not pattern.endswith("*"):
            ends.append(bare)
        else:
            others.append(partial(_inside, bare))
    return _any_of(frozenset(words), tuple(begins), tuple(ends), tuple(others))


def _any_of(
    words: frozenset[str], begins: tuple[str, ...], ends: tuple[str, ...], others: tuple[Callable[[str], bool], ...]
) -> Callable[[str], bool]:
    def plain(text: str) -> bool:
        return text in words or text.startswith(begins) or text.endswith(ends)

    def found(text: str) -> bool:
        if plain(text):
            return True
        for other in others:  # noqa: SIM110 - a generator costs more than all that it asks
            if other(text):
                return True
        return False

    if others:
        return found
    return plain if begins or ends else words.__contains__


def _inside(piece: str, text: str) -> bool:
    return piece in text


def _walk(pattern: str, text: str) -> bool:
    """Match piece by piece between the stars, each as early as it can stand, so no pattern costs more than its size."""
    first, *pieces = pattern.split("*")
    if not pieces:
        return _stands(first, text, 0) and len(first) == len(text)
    last = pieces.pop()
    end = len(text) - len(last)
    if not (_stands(first, text, 0) and end >= len(first) and _stands(last, text, end)):
        return False
    at = len(first)
    for piece in pieces:
        at = _find(piece, text, at, end)
        if at < 0:
            return False
    return True


def _find(piece: str, text: str, start: int, end: int) -> int:
    """Return where the first place of a piece ends, or -1; `?` in it stands for any one letter."""
    if "?" not in piece:
        at = text.find(piece, start, end)
        return at + len(piece) if at >= 0 else -1
    places = (at for at in range(start, end - len(piece) + 1) if _stands(piece, text, at))
    return next((at + len(piece) for at in places), -1)


def _stands(piece: str, text: str, at: int) -> bool:
    if "?" not in piece:
        return text.startswith(piece, at)
    return at + len(piece) <= len(text) and all(
        letter in ("?", text[at + offset]) for offset, letter in enumerate(piece)
    )
