"""What the rule language names and this version does not have yet: refused as such, never as a misspelling."""

from __future__ import annotations

from routing_rules.errors import Path, Problem

NOT_YET = "planned, not built yet"

# For each table of the file (its path without names and numbers), the keys that are still to come.
_KEYS: dict[tuple[str, ...], frozenset[str]] = {
    (): frozenset({"admin", "store", "tier", "telemetry"}),
    ("target",): frozenset({"serves", "api", "options", "prefill", "proxy", "tls", "transport", "price"}),
    ("rule",): frozenset({"cache", "shadow", "limit", "on", "resume", "hedge"}),
    ("test", "given"): frozenset({"key", "group"}),
}
_ORDERS = frozenset({"cheapest"})
# Facts by name, or by the family before the dot.
PLANNED_FACTS = frozenset(
    {
        *("complexity", "task", "language", "key", "group", "budget_used", "cost"),
        *("pii.address", "pii.name", "pii.date_of_birth"),
    }
)
_NAMED = frozenset({"target", "fact", "tier"})  # their tables have a name behind them


def is_offered(fact: str) -> bool:
    """Say whether this version can find a fact of this name out."""
    name = fact.partition(":")[0].partition("@")[0]
    return name not in PLANNED_FACTS and name.partition(".")[0] not in PLANNED_FACTS


def planned_key(table: Path, key: str) -> Problem | None:
    """Return the problem of a key that is still to come, or None for any other key."""
    if key not in _KEYS.get(_kind(table), ()):
        return None
    return Problem(path=(*table, key), found=f"the key `{key}`", expected=f"a key of this version: it is {NOT_YET}")


def _kind(table: Path) -> tuple[str, ...]:
    """Return a table's path without the names and numbers in it."""
    named = table[:1] if table and table[0] in _NAMED else ()
    rest = table[2:] if named else table
    return tuple(str(part) for part in (*named, *rest) if not isinstance(part, int))


def planned_value(path: Path, value: object) -> Problem | None:
    """Return the problem of a way to write a value that is still to come, or None for any other value."""
    match path, value:
        case ("target", _, "url"), list():
            return Problem(path=path, found="a list", expected=f"one URL: a pool of several is {NOT_YET}")
        case ("rule", int(), "order"), str() if value in _ORDERS:
            return Problem(
                path=path, found=f"the order {value!r}", expected=f"an order of this version: it is {NOT_YET}"
            )
    return None
