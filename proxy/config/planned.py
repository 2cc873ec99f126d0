"""Keys that the rule language names and this version does not have yet: refused as such, never as a misspelling."""

from __future__ import annotations

from routing_rules.errors import Path, Problem

NOT_YET = "planned, not built yet"

# For each table of the file (its path without names and numbers), the keys that are still to come.
_KEYS: dict[tuple[str, ...], frozenset[str]] = {
    (): frozenset({"fact", "template", "complexity", "test", "admin", "store", "tier", "telemetry", "facts_log"}),
    ("target",): frozenset({"serves", "api", "options", "prefill", "proxy", "tls", "transport", "price"}),
    ("rule",): frozenset(
        {"order", "weights", "hash", "prompt", "cache", "shadow", "limit", "on", "resume", "hedge"},
    ),
    ("server",): frozenset({"timezone", "include"}),
}


def planned_key(table: Path, key: str) -> Problem | None:
    """Return the problem of a key that is still to come, or None for any other key."""
    # A target or a rule has a name or a number behind it; the tables inside them have none of these keys.
    kind = table[:1] if len(table) < len(("target", "NAME", "timeouts")) else None
    if kind is None or key not in _KEYS.get(tuple(map(str, kind)), ()):
        return None
    return Problem(path=(*table, key), found=f"the key `{key}`", expected=f"a key of this version: it is {NOT_YET}")


def planned_value(path: Path, value: object) -> Problem | None:
    """Return the problem of a way to write a value that is still to come, or None for any other value."""
    match path, value:
        case ("target", _, "url"), list():
            return Problem(path=path, found="a list", expected=f"one URL: a pool of several is {NOT_YET}")
        case ("label" | "rule", int(), "when"), str() | list():
            return Problem(
                path=path, found="the name of a fact", expected=f"a table of conditions: naming facts is {NOT_YET}"
            )
    return None
