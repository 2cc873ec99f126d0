"""What a rule does to a body: `set`, `default`, `drop` and `hash` on fields at the top of it, `prompt` on its text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

# Fields that decide where a request goes or how its answer is framed are not a rewrite's to change.
RESERVED = frozenset({"model", "messages", "stream", "stream_options"})

Keyed = Callable[[str], str]


class Rewrite(msgspec.Struct, frozen=True, kw_only=True):
    """Fields to set, to set where the client sent none, to leave out, to hash; text around the user's last words."""

    set: dict[str, Any] = {}
    default: dict[str, Any] = {}
    drop: tuple[str, ...] = ()
    hash: tuple[str, ...] = ()
    prepend: str = ""
    append: str = ""

    def settled(self, document: dict[str, Any], keyed: Keyed) -> Rewrite:
        """Work out for one request what `hash` and `prompt` come to: plain fields to set. `keyed` hashes a text."""
        if not (self.hash or self.prepend or self.append):
            return self
        hashed = {name: keyed(_written(document[name])) for name in self.hash if document.get(name) is not None}
        said = self._wrapped(document.get("messages")) if self.prepend or self.append else {}
        return Rewrite(set={**self.set, **hashed, **said}, default=self.default, drop=self.drop)

    def _wrapped(self, messages: object) -> dict[str, Any]:
        """Write the texts around the last message of the user. Where there is none, nothing is written at all."""
        listed = messages if isinstance(messages, list) else []
        by_user = [at for at, one in enumerate(listed) if isinstance(one, dict) and one.get("role") == "user"]
        if not by_user:
            return {}
        last = by_user[-1]
        said = {**listed[last], "content": self._around(listed[last].get("content"))}
        return {"messages": [*listed[:last], said, *listed[last + 1 :]]}

    def _around(self, content: object) -> object:
        """Write the texts around a message: with a blank line between, or as parts of their own among parts."""
        if not isinstance(content, list):
            return "\n\n".join(text for text in (self.prepend, content, self.append) if isinstance(text, str) and text)
        before, behind = ([{"type": "text", "text": text}] if text else [] for text in (self.prepend, self.append))
        return [*before, *content, *behind]

    def apply(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the fields as rewritten; what was given is left as it was."""
        kept = {name: value for name, value in fields.items() if name not in self.drop}
        missing = {name: value for name, value in self.default.items() if name not in kept}
        return {**kept, **missing, **self.set}

    def __bool__(self) -> bool:
        return bool(self.set or self.default or self.drop or self.hash or self.prepend or self.append)


class Change(msgspec.Struct, frozen=True):
    """One field of a body that a rewrite changes: its value before and after, None where it is not there."""

    field: str
    before: Any
    after: Any


def changes(rewrite: Rewrite, document: dict[str, Any], keyed: Keyed) -> tuple[Change, ...]:
    """Say field by field what a rewrite does to a body. Text that is written around a prompt is given without it."""
    after = rewrite.settled(document, keyed).apply(document)
    names = dict.fromkeys((*document, *after))
    told = [Change(name, document.get(name), after.get(name)) for name in names if name != "messages"]
    around = [text for text in (rewrite.prepend, "…", rewrite.append) if text]
    written = (Change("messages", "…", " ".join(around)),) if len(around) > 1 else ()
    return (*(change for change in told if change.before != change.after), *written)


def _written(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


NO_REWRITE = Rewrite()
