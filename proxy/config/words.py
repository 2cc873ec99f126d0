"""Types and values in the words of whoever wrote the file, and never a value that may be a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, Literal, get_args, get_origin

import msgspec

from routing_rules.errors import Path
from routing_rules.units import Bytes, Seconds

_LONGEST = 60
# A key pasted into the wrong place must not be echoed either.
_SECRET = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|hf|ghp|glpat|AKIA|AIza|eyJ)[-_A-Za-z0-9]{8,}|bearer |://[^/\s]*@", re.IGNORECASE
)
_HIDDEN = frozenset({"key", "auth", "url", "headers", "query", "organization", "project"})
_ATOMS: dict[Any, str] = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Any: "a value",
    Seconds: 'a duration such as "500ms", "5s" or "10m"',
    Bytes: 'a size such as "500 kB" or "20 MB"',
}
_KINDS: tuple[tuple[tuple[type, ...], str], ...] = (
    ((str,), "a string"),
    ((bool,), "true or false"),
    ((int,), "a whole number"),
    ((float,), "a number"),
    ((datetime, date, time), "a date or time"),
    ((list,), "a list"),
    ((dict,), "a table"),
)


def is_table(kind: Any) -> bool:
    """Say whether a type is one of the file's tables."""
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def wanted(kind: Any) -> str:
    """Say what a key of this type takes: `a string`, `true or false`, `one of ollama, openai, compatible`."""
    if kind in _ATOMS:
        return _ATOMS[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return "one of " + ", ".join(map(str, arguments))
    if origin is tuple:
        return f"a list of {_many(arguments[0])}"
    if is_table(kind) or origin is dict:
        return _wanted_table(arguments)
    return " or ".join(wanted(one) for one in arguments if one is not type(None))


def _wanted_table(arguments: tuple[Any, ...]) -> str:
    if not arguments or arguments[1] is Any:
        return "a table"
    return f"a table of {_many(arguments[1])}"


def _many(kind: Any) -> str:
    if is_table(kind):
        return "tables"
    return "strings" if kind is str else "lists" if get_origin(kind) is tuple else "values"


def kind_of(value: object) -> str:
    """Say what kind of value this is, and nothing of the value."""
    return next((word for kinds, word in _KINDS if isinstance(value, kinds)), "nothing")


def shown(value: object, path: Path) -> str:
    """Show a value as the file writes it, shortened; only its kind where it is, or looks like, a secret."""
    hidden = path[:1] == ("target",) and len(path) > 2 and path[2] in _HIDDEN  # noqa: PLR2004 - ("target", NAME, KEY)
    text = toml(value)
    if hidden or _SECRET.search(text):
        return kind_of(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def toml(value: object) -> str:
    """Write a value as TOML does, on one line."""
    match value:
        case str():
            return quoted(value)
        case bool():
            return str(value).lower()
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case Mapping():
            pairs = ", ".join(f"{name} = {toml(item)}" for name, item in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case _:
            return str(value)


def quoted(text: str) -> str:
    """Write a TOML basic string."""
    return '"' + "".join(_ESCAPES.get(letter) or _plain(letter) for letter in text) + '"'


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _plain(letter: str) -> str:
    return f"\\u{ord(letter):04x}" if ord(letter) < ord(" ") or letter == "\x7f" else letter
