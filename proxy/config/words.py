"""Types and values in the words of whoever wrote the file, and never a value that may be a secret."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

import msgspec

from routing_rules.errors import Path
from routing_rules.toml_text import kind_of, spelt
from routing_rules.units import Bytes, Seconds

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
    kinds = {str: "strings", tuple: "lists", dict: "tables"}
    return kinds.get(get_origin(kind) or kind, "values")


def shown(value: object, path: Path) -> str:
    """Show a value as the file writes it, shortened; only its kind where it is, or looks like, a secret."""
    hidden = path[:1] == ("target",) and len(path) > 2 and path[2] in _HIDDEN  # noqa: PLR2004 - ("target", NAME, KEY)
    return kind_of(value) if hidden or path[:1] == ("secrets",) or path == ("server", "hash_key") else spelt(value)
