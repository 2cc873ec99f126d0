"""Facts that are measured while wye runs, as an explanation says them: with their unit, and what was wanted."""

from __future__ import annotations

from routing_rules.facts import LIVE, UNKNOWN, FactValue

NOT_MEASURED = "not measured yet"
NO_LIMIT = "unknown, for it has no max_in_flight"


def in_words(fact: str, value: FactValue) -> str | None:
    """Say what was measured of a target; None for any other fact, and for a plain yes or no."""
    family = fact.partition(".")[0]
    if family not in LIVE:
        return None
    if value is UNKNOWN:
        return NO_LIMIT if family == "busy" else NOT_MEASURED
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    match family:
        case "first_token":
            return f"measured {seconds(value)}"
        case "tokens_per_second":
            return f"measured {value:,.3g} a second"
    return f"{value:.0%}"


def seconds(value: float) -> str:
    """Write a time for a person: `1.2 s`, `850 ms`."""
    return f"{value:,.3g} s" if value >= 1 else f"{value * 1000:,.3g} ms"
