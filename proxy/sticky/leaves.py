"""Every text that stands in a decoded body, wherever it stands, as a conversation could hand it on.

The texts of neighbours in a list, as parts of a message are, are read joined as well: who cuts a text in two says the
same. A string that is JSON itself, as a tool's arguments are, is opened. Without recursion: a body
may be nested as deeply as its reader allows.
"""

from __future__ import annotations

from typing import Any

import msgspec

_MOST_OPENED = 10_000  # strings of one body that are JSON themselves; opened ones are smaller than what they stood in


def leaves(value: object, *, opened: bool = False) -> list[str]:
    """Return the strings in a value, in order, without keys; those inside of strings too, where these are opened."""
    return _strings(value, with_keys=False, left=_MOST_OPENED if opened else 0)


def every_text(document: object) -> list[str]:
    """Return all strings of a body, keys and unknown fields included, and what neighbours make together."""
    return _strings(document, with_keys=True, left=_MOST_OPENED)


def _strings(value: object, *, with_keys: bool, left: int) -> list[str]:
    found: list[str] = []
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            found.append(item)
            if left > 0 and (inner := unsealed(item)) is not None:
                left -= 1
                stack.append(inner)
        elif isinstance(item, dict):
            stack += reversed(item.values())
            if with_keys:
                found += item
        elif isinstance(item, list):
            stack += reversed(item)
            if with_keys:
                found += _together(item)
    return found


def unsealed(text: str) -> dict[str, Any] | list[Any] | None:
    """Return what a string holds that is a JSON object or array itself, None for any other."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        inner = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return inner if isinstance(inner, dict | list) else None


def _together(items: list[Any]) -> tuple[str, ...]:
    """Join what neighbours say: as one line that was cut, and as lines of their own."""
    texts = [text for item in items if (text := text_of(item)) is not None]
    return ("".join(texts), "\n".join(texts)) if len(texts) > 1 else ()


def text_of(part: object) -> str | None:
    """Return the text of a content part, None where it is of another kind."""
    text = part.get("text") if isinstance(part, dict) else part
    return text if isinstance(text, str) else None
