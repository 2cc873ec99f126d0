"""Globs with `*` and `?`, matched in time that no pattern can blow up."""

from __future__ import annotations


def is_glob(pattern: str) -> bool:
    """Say whether a string holds a wildcard."""
    return "*" in pattern or "?" in pattern


def matches(pattern: str, text: str) -> bool:
    """Match a whole text against a pattern, whatever the case of its letters: `gpt-*` matches `GPT-4o`.

    Two fingers and one way back, so the worst case is the product of the two lengths; a regex would be exponential.
    """
    return _walk(pattern.casefold(), text.casefold())


def _walk(pattern: str, text: str) -> bool:
    at, star, mark, here = 0, -1, 0, 0
    while here < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, mark, at = at, here, at + 1
        elif at < len(pattern) and pattern[at] in ("?", text[here]):
            at, here = at + 1, here + 1
        elif star >= 0:
            mark, at = mark + 1, star + 1
            here = mark
        else:
            return False
    return pattern[at:].strip("*") == ""
