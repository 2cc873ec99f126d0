"""All strings of a decoded body, gathered in one walk: keys and unknown fields included.

Each key stands beside its value, also one that lies a little deeper; adjacent text parts are joined, so that `pass` +
`word` in two parts is one; a string that is JSON itself, as a tool's arguments are, is opened. Lists of whole numbers
are kept apart: they may be token ids.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

FEWEST_IDS = 4  # numbers in a row that may be a text, outside of the fields where any number of them is
ID_FIELDS = frozenset({"prompt", "input"})
_NEAR = 2  # how many levels below a key a value still belongs to it
_SHORT = 200  # letters of a value that may be a secret; longer ones stand alone only, lest a body be written twice
_MANY = 64  # numbers of a list that are written on one line, without their key
# Fields whose key says nothing of the text in them: the text stands on lines of its own, where `^` finds its beginning.
_CARRIERS = frozenset({"content", "text", "input", "prompt", "instructions"})
_CONTAINERS = frozenset({"messages", "tools", "functions", "function", "parameters", "properties", *_CARRIERS})
_JSON = re.compile(r"\s*[\[{]")
_SCHEMA_TYPES = frozenset({"string", "integer", "number", "boolean", "object", "array", "null"})
_SCHEMA_VALUES = ("default", "const", "enum", "example", "examples")


class Strings(msgspec.Struct):
    """What a walk has found: strings in order, and lists of numbers with a flag for fields where they are token ids."""

    texts: list[str]
    ids: list[tuple[list[int], bool]]


def gather(document: object) -> Strings:
    """Gather the strings of a body. Raises RecursionError for one that is nested too deeply."""
    found = Strings([], [])
    _walk(document, found, None)
    return found


def _walk(value: object, found: Strings, key: str | None) -> None:
    if isinstance(value, str):
        found.texts.append(value)
        _open(value, found)
    elif isinstance(value, dict):
        for name, member in value.items():
            _member(name, member, found)
    elif isinstance(value, list):
        _items(value, found, key)


def _open(text: str, found: Strings) -> None:
    """Open a string that is JSON itself: it has escapes of its own."""
    if "\\" in text and _JSON.match(text):
        try:
            inner = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeError):
            return
        _walk(inner, found, None)


def _member(key: str, value: object, found: Strings) -> None:
    if isinstance(value, str):
        found.texts.append(value if key in _CARRIERS else f"{key}: {value}")
        _open(value, found)
    elif isinstance(value, dict | list):
        found.texts.append(key)
        if key not in _CONTAINERS:
            _near(key, value, found, 0)
        _walk(value, found, key)
    else:
        found.texts.append(key if value is None or isinstance(value, bool) else f"{key}: {value}")


def _near(key: str, value: dict[str, Any] | list[Any], found: Strings, depth: int) -> None:
    """Write a key beside the short values a little below it: `{"password": ["x"]}` names it too."""
    for child in _children(value):
        if isinstance(child, dict | list):
            if depth + 1 < _NEAR:
                _near(key, child, found, depth + 1)
        elif child is not None and not isinstance(child, bool) and len(text := str(child)) < _SHORT:
            found.texts.append(f"{key}: {text}")


def _children(value: dict[str, Any] | list[Any]) -> Any:
    if isinstance(value, list):
        return () if len(value) > _MANY and are_ids(value) else value
    kind = value.get("type")
    if isinstance(kind, str) and kind in _SCHEMA_TYPES:
        # A tool's parameter named `password` gives none away; its default might.
        return [value[name] for name in _SCHEMA_VALUES if name in value]
    return value.values()


def _items(items: list[Any], found: Strings, key: str | None) -> None:
    if are_ids(items):
        _numbers(items, found, key)
        return
    for item in items:
        _walk(item, found, key)
    parts = [part for item in items if (part := _text_of(item)) is not None]
    if len(parts) > 1:
        found.texts += ("".join(parts), " ".join(parts))


def _numbers(items: list[int], found: Strings, key: str | None) -> None:
    if key in ID_FIELDS or len(items) >= FEWEST_IDS:
        found.ids.append((items, key in ID_FIELDS))
    found.texts.append(" ".join(map(str, items)))


def are_ids(items: list[Any]) -> bool:
    """Say whether a list holds nothing but whole numbers."""
    return bool(items) and type(items[0]) is int and all(type(item) is int for item in items)


def _text_of(item: object) -> str | None:
    """Return the text of a content part, or of a plain string in a list."""
    text = item.get("text") if isinstance(item, dict) else item
    return text if isinstance(text, str) else None
