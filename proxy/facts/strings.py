"""All strings of a decoded body, gathered in one walk: keys and unknown fields included.

Each key stands beside its value, also one that lies deeper or in a field of its own (`proxy/facts/siblings.py`); what
follows one another is joined (`proxy/facts/seams.py`); strings that hold JSON are opened (`proxy/facts/embedded.py`).
Lists of whole numbers are read as code points, and kept apart: they may be token ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from proxy.facts.codes import from_numbers, whole_numbers
from proxy.facts.embedded import opened
from proxy.facts.seams import across, joined
from proxy.facts.siblings import near, paired, rows

FEWEST_IDS = 4  # numbers in a row that may be a text, outside of the fields where any number of them is
ID_FIELDS = frozenset({"prompt", "input"})
# Fields whose key says nothing of the text in them: the text stands on lines of its own, where `^` finds its beginning.
_CARRIERS = frozenset({"content", "text", "input", "prompt", "instructions"})
_CONTAINERS = frozenset({"messages", "tools", "functions", "function", "parameters", "properties", *_CARRIERS})


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
        _table(value, found)
    elif isinstance(value, list) and value:
        _items(value, found, key)


def _open(text: str, found: Strings) -> None:
    for inner in opened(text):
        _walk(inner, found, None)


def _table(table: dict[str, Any], found: Strings) -> None:
    for name, member in table.items():
        _member(name, member, found)
    found.texts += paired(table)
    if len(table) >= FEWEST_IDS and all(map(str.isdigit, table)):
        _items(list(table.values()), found, None)


def _member(key: str, value: object, found: Strings) -> None:
    if isinstance(value, str):
        found.texts.append(value if key in _CARRIERS else f"{key}: {value}")
        _open(value, found)
    elif isinstance(value, dict | list):
        found.texts.append(key)
        if key not in _CONTAINERS:
            found.texts += near(key, value)
        _walk(value, found, key)
    else:
        found.texts.append(key if value is None or isinstance(value, bool) else f"{key}: {value}")


def _items(items: list[Any], found: Strings, key: str | None) -> None:
    numbers = whole_numbers(items)
    if numbers is not None:
        _numbers(numbers, found, key)
        if are_ids(items):
            return
    for item in items:
        _walk(item, found, key)
    if len(items) > 1:
        found.texts += joined([part for item in items if (part := _text_of(item)) is not None])
        found.texts += rows(items)
        found.texts += across(_messages(items))


def _numbers(items: list[int], found: Strings, key: str | None) -> None:
    if key in ID_FIELDS or len(items) >= FEWEST_IDS:
        found.ids.append((items, key in ID_FIELDS))
    if (text := from_numbers(items)) is not None:
        found.texts.append(text)
    found.texts.append(" ".join(map(str, items)))


def are_ids(items: list[Any]) -> bool:
    """Say whether a list holds nothing but whole numbers."""
    return bool(items) and type(items[0]) is int and all(type(item) is int for item in items)


def _text_of(item: object) -> str | None:
    """Return the text of a content part, or of a plain string in a list."""
    text = item.get("text") if isinstance(item, dict) else item
    return text if isinstance(text, str) else None


def _messages(items: list[Any]) -> Iterator[tuple[str, str]]:
    """Give role and text of the messages among the items."""
    for item in items:
        content = item.get("content") if isinstance(item, dict) and "role" in item else None
        if isinstance(content, str):
            yield str(item["role"]), content
        elif isinstance(content, list):
            yield str(item["role"]), " ".join(text for part in content if (text := _text_of(part)) is not None)
