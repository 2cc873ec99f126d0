"""What a rule does to a body: `set`, `default` and `drop`, each on a field at the top of it."""

from __future__ import annotations

from typing import Any

import msgspec

# Fields that decide where a request goes or how its answer is framed are not a rewrite's to change.
RESERVED = frozenset({"model", "messages", "stream", "stream_options"})


class Rewrite(msgspec.Struct, frozen=True, kw_only=True):
    """Fields to set, fields to set where the client sent none, fields to leave out."""

    set: dict[str, Any] = {}
    default: dict[str, Any] = {}
    drop: tuple[str, ...] = ()

    def apply(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return the fields as rewritten; what was given is left as it was."""
        kept = {name: value for name, value in fields.items() if name not in self.drop}
        missing = {name: value for name, value in self.default.items() if name not in kept}
        return {**kept, **missing, **self.set}

    def __bool__(self) -> bool:
        return bool(self.set or self.default or self.drop)


NO_REWRITE = Rewrite()
