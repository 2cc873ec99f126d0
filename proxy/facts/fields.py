"""Facts that stand in a body's own fields: counts, format, effort, user, metadata, preferences.

Each takes a decoded body of any endpoint and returns the fact, or None where the request has no such thing. Field
lists: openai-python `types/chat/completion_create_params.py`, `types/responses/response_create_params.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from proxy.facts.scopes import USER, messages_of, role_of
from routing_rules import UNKNOWN, FactValue

_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")


def max_tokens(document: Mapping[str, Any]) -> FactValue:
    """Return the most tokens that an answer may have; the larger limit where there are two, unknown for no number."""
    given = [document[name] for name in _LIMITS if document.get(name) is not None]
    if any(isinstance(limit, bool) or not isinstance(limit, int | float) for limit in given):
        return UNKNOWN
    return max(given, default=None)


def messages(document: Mapping[str, Any]) -> FactValue:
    """Count the messages; an input that is one text is one message."""
    found = messages_of(document)
    if found is None:
        return 1 if isinstance(document.get("input"), str) else None
    return len(found)


def turns(document: Mapping[str, Any]) -> FactValue:
    """Count the messages of users."""
    found = messages_of(document)
    if found is None:
        return messages(document)
    return sum(role_of(message) == USER for message in found)


def response_format(document: Mapping[str, Any]) -> FactValue:
    """Return the type of format that is asked for: `text`, `json_object`, `json_schema`."""
    text = document.get("text")
    asked = document.get("response_format", text.get("format") if isinstance(text, dict) else None)
    return _text(asked.get("type") if isinstance(asked, dict) else asked)


def reasoning_effort(document: Mapping[str, Any]) -> FactValue:
    """Return the effort that is asked for: `low`, `medium`, `high`."""
    reasoning = document.get("reasoning")
    return _text(document.get("reasoning_effort", reasoning.get("effort") if isinstance(reasoning, dict) else None))


def user(document: Mapping[str, Any]) -> FactValue:
    """Return whom the client speaks for: `user` or its successor `safety_identifier`; both, if they differ."""
    given = [document[name] for name in ("user", "safety_identifier") if document.get(name) is not None]
    names = tuple(dict.fromkeys(str(_text(name)).strip() for name in given))
    return names[0] if len(names) == 1 else (names or None)


def member(tables: Iterable[object], name: str) -> str | None:
    """Return what a name has in some tables, whatever its case; values that differ are joined like repeated headers.

    A value that is a list counts as each of its members.
    """
    found = (
        str(_text(one)).strip()
        for table in tables
        if isinstance(table, dict)
        for key, value in table.items()
        if key.strip().lower() == name.lower()
        for one in _members(value)
    )
    return ", ".join(dict.fromkeys(found)) or None


def _members(value: object) -> Iterator[object]:
    if isinstance(value, list):
        for one in value:
            yield from _members(one)
    elif value is not None:
        yield value


def _text(value: object) -> str | None:
    """Return a value as a text: itself, or as JSON writes it."""
    return value if isinstance(value, str) or value is None else msgspec.json.encode(value).decode()
