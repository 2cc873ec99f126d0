"""Tool calls of local servers: one index a call, counted from 0, id and name once, arguments as a string.

openai-python merges two calls that share an index into one broken one, and concatenates an id that is repeated. Ollama
sends each call whole in one delta, sometimes all under index 0 and with an empty id; llama.cpp sends pieces.
"""

from __future__ import annotations

import secrets
from typing import Any

import msgspec

from proxy.errors import BadGateway


class ToolCalls:
    """The tool calls of one choice, as they come in."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._by_upstream: dict[int | None, int] = {}

    def __bool__(self) -> bool:
        return bool(self._ids)

    def whole(self, calls: object) -> list[dict[str, Any]]:
        """Mend the calls of a whole answer."""
        mended = [self._begin(call, at) for at, call in enumerate(_listed(calls))]
        return [{name: value for name, value in call.items() if name != "index"} for call in mended]

    def delta(self, calls: object) -> list[dict[str, Any]]:
        """Mend the calls in one delta: a named one begins a call, any other continues one."""
        return [self._piece(call) for call in _listed(calls)]

    def _piece(self, call: dict[str, Any]) -> dict[str, Any]:
        key = call["index"] if isinstance(call.get("index"), int) else None
        known = self._by_upstream.get(key)
        if known is None or self._is_another(call, known):
            return self._begin(call, key)
        return {"index": known, "function": {"arguments": _arguments(_function(call).get("arguments"))}}

    def _is_another(self, call: dict[str, Any], known: int) -> bool:
        """Say whether a delta begins another call under an index that is taken: it has a name, and another id."""
        return bool(_function(call).get("name")) and call.get("id") != self._ids[known]

    def _begin(self, call: dict[str, Any], key: int | None) -> dict[str, Any]:
        given = call.get("id")
        fresh = (
            given if isinstance(given, str) and given and given not in self._ids else f"call_{secrets.token_hex(12)}"
        )
        self._by_upstream[key] = index = len(self._ids)
        self._ids.append(fresh)
        function = _function(call)
        return {
            "index": index,
            "id": fresh,
            "type": "function",
            "function": {**function, "arguments": _arguments(function.get("arguments"))},
        }


def _listed(calls: object) -> list[dict[str, Any]]:
    """Return the calls; none may come as null or an empty list."""
    if not isinstance(calls, list | None) or not all(isinstance(call, dict) for call in calls or []):
        raise BadGateway("The upstream sent tool calls that cannot be read.")
    return calls or []


def _function(call: dict[str, Any]) -> dict[str, Any]:
    function = call.get("function")
    return function if isinstance(function, dict) else {}


def _arguments(arguments: object) -> str:
    """Return arguments as the string they must be; some servers send the object itself."""
    if arguments is None:
        return ""
    return arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
