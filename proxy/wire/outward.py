"""What a request asks an upstream to fetch, run or hand on itself: remote images, searches, MCP servers, fallbacks.

Whoever is given such a request sends something of it on, to hosts that no boundary is checked against. The list of what
stays inside is short and closed: tools that the client runs, and content that lies in the body (`data:` URLs). What is
not known to be so counts as outward, whatever its name and however it is written. Text may mention any address: nobody
fetches it. Ids of files kept at a provider are let through: they name what the provider already has.

Field lists: openai-python `types/chat/completion_create_params.py`, `types/responses/tool_param.py`; what other servers
have besides is in `gateways.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import Any

from proxy.wire.gateways import asks, holds_fields, looks_up, sends_on

_CLIENTS_TOOLS = frozenset({"function", "custom"})
_ABOUT_TOOLS = frozenset(
    {
        *("type", "function", "custom", "name", "description", "parameters", "strict", "format"),
        *("inputschema", "cachecontrol"),
    }
)
_CHOICES = frozenset({"none", "auto", "required", "any"})
# Fields at the top that are book-keeping, or describe what the client runs or wants to have.
_INERT = frozenset(
    {
        *("functions", "functioncall", "metadata", "safetyidentifier", "user"),
        *("responseformat", "guidedjson", "jsonschema", "structuredoutputs"),
    }
)
# Fields within content that are text.
_TEXT = frozenset(
    {
        *("content", "text", "refusal", "reasoning", "reasoningcontent", "thinking", "name", "output", "input"),
        *("instructions", "prompt", "suffix", "stop", "title", "transcript", "summary"),
    }
)
_HISTORY = frozenset({"annotations", "arguments"})  # what was cited, and what the client's own tools were called with
_PLACES = ("url", "urls", "uri", "uris", "href", "src", "link", "links")
_BESIDE_A_PLACE = frozenset({"detail", "format", "mimetype", "mediatype", "type"})
_REFERENCES = frozenset({"$ref", "$dynamicref", "$recursiveref"})

_REMOTE = re.compile(
    r"""(?ix) ^(?:
        [a-z][a-z0-9+.\-]*:[/\\]{2}                                     # any scheme, with an authority
      | (?:https?|ftps?|sftp|wss?|file|blob|s3|gs|gcs|az|abfss?|ipfs):  # those that are fetched without one, too
      | [/\\]{2}[^/\\]*[.:\]]                                           # no scheme: the fetcher's own
    )"""
)
_LOOKED_AT = 64  # letters of a value that tell whether it is an address
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Mn", "Zl", "Zp", "Zs"})
_LONGEST_KEY = 64  # letters of a key that is repeated to the client: a longer one is text


def outward(document: dict[str, Any]) -> str | None:
    """Return the place of the first such thing, as `param` names it (`tools[0]`), or None where there is none."""
    fields = ((key, value, _shown(key) or "body") for key, value in document.items())
    return next((found for key, value, place in fields for found in _in_field(key, value, place)), None)


def _in_field(key: str, value: object, place: str) -> Iterator[str]:
    """Look through a field at the top of the body."""
    name = _plain(key)
    if name == "messages":
        yield from _in_content(value, place, name)
        return
    if name == "tools":
        yield from _in_tools(value, place)
    elif name == "toolchoice":
        yield from _in_choice(value, place)
    elif name == "model":
        yield from (place,) if looks_up(value) else ()
    elif sends_on(name) or (name == "prompt" and isinstance(value, dict)):
        yield from (place,) if asks(value) else ()
    elif name not in _INERT:
        yield from _in_content(value, place, name)
        if holds_fields(name):
            yield from _in_tables(value, place)
    yield from _in_schema(value, place)


def _in_tables(value: object, place: str) -> Iterator[str]:
    """Look through fields that stand inside another, at any depth, as through those at the top."""
    waiting = [(value, place)]
    while waiting:
        inner, at = waiting.pop()
        if isinstance(inner, list):
            waiting += reversed([(one, f"{at}[{index}]") for index, one in enumerate(inner)])
        elif isinstance(inner, dict):
            for key, one in inner.items():
                name, where = _plain(key), _within(at, key)
                if name == "tools":
                    yield from _in_tools(one, where)
                elif looks_up(one) if name == "model" else sends_on(name) and asks(one):
                    yield where
            waiting += reversed([(one, _within(at, key)) for key, one in inner.items() if _plain(key) not in _INERT])


def _in_tools(tools: object, place: str) -> Iterator[str]:
    if isinstance(tools, list):
        for at, tool in enumerate(tools):
            if not _is_clients(tool):
                yield f"{place}[{at}]"
    elif tools is not None:
        yield place


def _is_clients(tool: object) -> bool:
    """Say whether a tool is one that the client runs: it says so, or is a bare function as older clients write it."""
    if not isinstance(tool, dict):
        return False
    members = [(_plain(key), value) for key, value in tool.items() if value is not None]
    kinds = [value for name, value in members if name == "type"] or [
        name for name, _ in members if name in _CLIENTS_TOOLS
    ]
    known = all(name in _ABOUT_TOOLS for name, _ in members)
    return known and bool(kinds) and all(isinstance(kind, str) and kind in _CLIENTS_TOOLS for kind in kinds)


def _in_choice(choice: object, place: str) -> Iterator[str]:
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        # Chat completions nest the list, Responses do not.
        nested = choice.get("allowed_tools")
        inner, at = (nested, f"{place}.allowed_tools") if isinstance(nested, dict) else (choice, place)
        yield from _in_tools(inner.get("tools"), f"{at}.tools")
    elif isinstance(choice, dict):
        if not _is_clients(choice):
            yield place
    elif choice is not None and not (isinstance(choice, str) and choice in _CHOICES):
        yield place


class _Node:
    """A value within content: its place, its name, and whether it can only be an address or `data:`."""

    __slots__ = ("address", "name", "place", "value")

    def __init__(self, value: object, place: str, name: str, *, address: bool = False) -> None:
        self.value, self.place, self.name = value, place, name
        self.address = address or name.endswith(_PLACES)

    def leads_out(self) -> bool:
        """Say whether the value is an address that is not the content itself."""
        if not isinstance(self.value, str) or not self.value:
            return False
        if self.address:
            return self.value[:5].lower() != "data:"
        return self.name not in _TEXT and _is_remote(self.value)

    def children(self) -> list[_Node]:
        """Return what lies inside. A list's items bear its name; what lies in an address is one, too."""
        if isinstance(self.value, list):
            items = enumerate(self.value)
            return [_Node(one, f"{self.place}[{at}]", self.name, address=self.address) for at, one in items]
        if not isinstance(self.value, dict):
            return []
        passed = _HISTORY | _BESIDE_A_PLACE if self.address else _HISTORY
        members = ((key, _plain(key), value) for key, value in self.value.items())
        return [
            _Node(value, self._place_of(key), name, address=self.address)
            for key, name, value in members
            if name not in passed
        ]

    def _place_of(self, key: str) -> str:
        """Clients write `image_url` and `image_url.url` for the same place; the first names both."""
        return self.place if self.address and key == "url" else _within(self.place, key)


def _in_content(value: object, place: str, name: str) -> Iterator[str]:
    waiting = [_Node(value, place, name)]
    while waiting:
        node = waiting.pop()
        if node.leads_out():
            yield node.place
        waiting += reversed(node.children())


def _in_schema(value: object, place: str) -> Iterator[str]:
    """Find references of a JSON schema to another document: some servers resolve them."""
    waiting = [(value, place)]
    while waiting:
        inner, at = waiting.pop()
        if isinstance(inner, list):
            waiting += reversed([(one, f"{at}[{index}]") for index, one in enumerate(inner)])
        elif isinstance(inner, dict):
            for key, one in inner.items():
                if key.lower() in _REFERENCES and isinstance(one, str) and _is_remote(one):
                    yield _within(at, key)
            waiting += reversed([(one, _within(at, key)) for key, one in inner.items()])


def _is_remote(text: str) -> bool:
    """Say whether a text begins as an address does, to a lenient reader: without what is not seen."""
    seen = (letter for letter in text if unicodedata.category(letter) not in _UNSEEN)
    return _REMOTE.match(unicodedata.normalize("NFKC", "".join(islice(seen, _LOOKED_AT)))) is not None


def _plain(key: str) -> str:
    """Write a key without what some readers pass over: case, and all but letters and digits."""
    if key.isascii() and key.isalpha() and key.islower():
        return key
    return "".join(letter for letter in unicodedata.normalize("NFKC", key).casefold() if letter.isalnum())


def _within(place: str, key: str) -> str:
    shown = _shown(key)
    return f"{place}.{shown}" if shown else place


def _shown(key: str) -> str:
    """Return a key as it may be repeated, nothing where it could be a client's text."""
    word = key.removeprefix("$").replace("-", "_")
    return key if word.isascii() and word.isidentifier() and len(key) <= _LONGEST_KEY else ""
