"""The parts of a request that a scope means, whichever endpoint's shape the body has.

`user` is what users say: their messages, and the prompt or input of endpoints without messages. `last_user` is the last
of these, `system` what system and developer messages say, and a body's instructions. Roles count whatever their case.
"""

from __future__ import annotations

from typing import Any

SYSTEM_ROLES = frozenset({"system", "developer"})
USER = "user"


def messages_of(document: object) -> list[dict[str, Any]] | None:
    """Return the messages of a chat or Responses body, None for a body that is about something else."""
    if not isinstance(document, dict):
        return None
    items = document.get("messages", document.get("input"))
    if not isinstance(items, list):
        return None
    messages = [item for item in items if isinstance(item, dict) and "role" in item]
    return messages if messages or "messages" in document else None


def role_of(message: dict[str, Any]) -> str:
    """Return the role of a message in lower case."""
    return str(message.get("role")).strip().lower()


def in_scope(document: object, scope: str) -> list[Any]:
    """Return the parts of a body that lie in a scope (`user`, `last_user`, `system`)."""
    messages = messages_of(document) or []
    if scope == "system":
        own = document if isinstance(document, dict) else {}
        return [
            *(own[name] for name in ("instructions", "system") if name in own),
            *(message for message in messages if role_of(message) in SYSTEM_ROLES),
        ]
    said = [*_prompts(document), *(message for message in messages if role_of(message) == USER)]
    return said if scope == USER else said[-1:]


def _prompts(document: object) -> list[Any]:
    """Return prompt and input where they are texts or token ids, and no list of messages."""
    if not isinstance(document, dict):
        return []
    given = [{name: document[name]} for name in ("prompt", "suffix", "input") if name in document]
    return [table for table in given if not ("input" in table and messages_of({"input": table["input"]}))]
