"""Whether a request has to do with tools, and with which: those on offer, and those that were called before.

A tool that the client runs goes by its name, one that the upstream runs itself by its type (`web_search`); a call in
the history goes by what was called. Keys count whatever their case, for some servers read them so (Go's JSON).
Field lists: openai-python `types/chat/completion_create_params.py`, `types/chat/chat_completion_message_param.py`,
`types/responses/tool_param.py`, `types/responses/response_input_param.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from routing_rules import UNKNOWN, FactValue

_SPOKEN = frozenset({"function", "custom"})  # tools that go by a name; any other goes by its type
_OFFERS = frozenset({"tools", "functions"})
_HISTORIES = frozenset({"messages", "input"})
_CALLS = frozenset({"tool_calls", "function_call"})
_ANSWERS = frozenset({"tool", "function"})  # roles of messages that are a tool's answer
_RESULT = ("_call_output", "_call")  # how the types of Responses items end that are calls: `web_search_call`


class _UnreadableError(Exception):
    """Tools are named in a way that nobody here can read."""


def tools(document: Mapping[str, Any]) -> FactValue:
    """Say whether the model is offered any tool or function, or has called one; unknown where no list can be read."""
    try:
        return any(True for _ in _mentioned(document))
    except _UnreadableError:
        return UNKNOWN


def tool_names(document: Mapping[str, Any]) -> FactValue:
    """Return the names of the tools; unknown if one of them cannot be read."""
    try:
        names = [name.strip() for tool in _mentioned(document) for name in _names_of(tool)]
    except _UnreadableError:
        return UNKNOWN
    return tuple(dict.fromkeys(names)) or None


def _mentioned(document: Mapping[str, Any]) -> Iterator[object]:
    """Give every tool that a body offers, and every call in its history. Raises _UnreadableError."""
    for key, value in document.items():
        name = key.strip().lower()
        if name in _OFFERS and value is not None:
            if not isinstance(value, list):
                raise _UnreadableError
            yield from value
        elif name == "web_search_options" and value is not None:
            yield {"type": "web_search"}
        elif name in _HISTORIES and isinstance(value, list):
            for message in value:
                yield from _called(message)


def _called(message: object) -> Iterator[object]:
    """Give the calls that a message or an item of the history makes, or answers."""
    if not isinstance(message, dict):
        return
    for key, value in message.items():
        if key.strip().lower() in _CALLS and value:
            yield from value if isinstance(value, list) else (value,)
    if str(message.get("role")).strip().lower() in _ANSWERS:
        yield {"type": "function", "name": message.get("name", "")}
    kind = message.get("type")
    if isinstance(kind, str) and kind.endswith(_RESULT):
        bare = next(kind.removesuffix(end) for end in _RESULT if kind.endswith(end))
        own = bare.removesuffix("_tool") if bare in {"function", "custom_tool"} else bare
        yield {"type": own, "name": message.get("name", ""), "server_label": message.get("server_label")}


def _names_of(tool: object) -> Iterator[str]:
    """Give the names that a tool goes by. Raises _UnreadableError where it has none; an answer's may be left out."""
    if isinstance(tool, str):
        yield tool
        return
    if not isinstance(tool, dict):
        raise _UnreadableError
    kind = tool.get("type")
    tables = (tool, *(tool.get(spoken) for spoken in _SPOKEN))
    named = [table["name"] for table in tables if isinstance(table, dict) and "name" in table]
    names = [kind] if isinstance(kind, str) and kind not in _SPOKEN else []
    names += [*named, *([tool["server_label"]] if tool.get("server_label") is not None else [])]
    if not names or not all(isinstance(name, str) for name in names):
        raise _UnreadableError
    yield from filter(None, names)
