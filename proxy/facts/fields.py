"""Facts that stand in a body's own fields: counts, tools, format, effort, user, metadata, preferences.

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
_SPOKEN_TOOLS = frozenset({"function", "custom"})  # tools that go by a name; any other goes by its type


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


def tools(document: Mapping[str, Any]) -> FactValue:
    """Say whether the model is offered any tool or function."""
    return any(_offered(document)) or bool(document.get("web_search_options") is not None)


def tool_names(document: Mapping[str, Any]) -> FactValue:
    """Return the names of the tools on offer; one that the upstream runs itself goes by its type, `web_search`."""
    names = [name for tool in _offered(document) for name in _names_of(tool)]
    if document.get("web_search_options") is not None:
        names.append("web_search")
    return tuple(dict.fromkeys(names)) or None


def _offered(document: Mapping[str, Any]) -> Iterator[Any]:
    for name in ("tools", "functions"):
        offered = document.get(name)
        yield from offered if isinstance(offered, list) else ()


def _names_of(tool: object) -> Iterator[str]:
    if not isinstance(tool, dict):
        return
    kind = tool.get("type")
    if isinstance(kind, str) and kind not in _SPOKEN_TOOLS:
        yield kind
    for table in (tool, tool.get("function"), tool.get("custom")):
        if isinstance(table, dict) and isinstance(table.get("name"), str):
            yield table["name"]
    if isinstance(tool.get("server_label"), str):
        yield tool["server_label"]


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
    names = tuple(dict.fromkeys(str(_text(name)) for name in given))
    return names[0] if len(names) == 1 else (names or None)


def member(tables: Iterable[object], name: str) -> str | None:
    """Return what a name has in some tables, whatever its case; values that differ are joined like repeated headers."""
    found = (
        str(_text(value))
        for table in tables
        if isinstance(table, dict)
        for key, value in table.items()
        if value is not None and key.lower() == name.lower()
    )
    return ", ".join(dict.fromkeys(found)) or None


def _text(value: object) -> str | None:
    """Return a value as a text: itself, or as JSON writes it."""
    return value if isinstance(value, str) or value is None else msgspec.json.encode(value).decode()
