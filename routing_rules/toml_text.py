"""Values as a file writes them, for whoever has to find them there; and never one that may be a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping

_LONGEST = 60
# A key pasted into the wrong place must not be echoed either.
_SECRET = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|hf|ghp|glpat|AKIA|AIza|eyJ)[-_A-Za-z0-9]{8,}|bearer |://[^/\s]*@", re.IGNORECASE
)
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (str, "a string"),
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a number"),
    ((list, tuple), "a list"),
    (Mapping, "a table"),
)


def kind_of(value: object) -> str:
    """Say what kind of value this is, and nothing of the value. TOML knows one kind more than those above."""
    if value is None:
        return "nothing"
    return next((word for kinds, word in _KINDS if isinstance(value, kinds)), "a date or time")


def spelt(value: object) -> str:
    """Show a value as the file writes it, shortened; only its kind where it looks like a secret or has no end."""
    try:
        text = toml(value)
    except (RecursionError, ValueError):  # a number of thousands of digits is a ValueError to whoever writes it out
        return kind_of(value)
    if _SECRET.search(text):
        return kind_of(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def toml(value: object) -> str:
    """Write a value as TOML does, on one line."""
    match value:
        case str():
            return quoted(value)
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case list() | tuple():
            return f"[{', '.join(map(toml, value))}]"
        case Mapping():
            pairs = ", ".join(f"{_key(name)} = {toml(item)}" for name, item in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case _:
            return str(value)


def quoted(text: str) -> str:
    """Write a TOML basic string."""
    return '"' + "".join(_ESCAPES.get(letter) or _plain(letter) for letter in text) + '"'


_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else quoted(name)


def _plain(letter: str) -> str:
    return f"\\u{ord(letter):04x}" if ord(letter) < ord(" ") or letter == "\x7f" else letter
