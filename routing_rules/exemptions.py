"""What frees a request from a label is asked of the model's name as it was sent, and of no other name.

A label sees a model by all its names (`spellings`), so that no spelling gets past it. Behind `none` and `!=` that would
turn round: with "private, unless the model is gpt-4o", one more name that happens to be gpt-4o would free a request.
"""

from __future__ import annotations

import msgspec

from routing_rules.conditions import All, Any, Check, Condition, Named, Not
from routing_rules.values import Holds


def strictly(condition: Condition, *, turned: bool = False) -> Condition:
    """Return a label's condition that no name of the model but the one that was sent makes less likely to hold."""
    match condition:
        case Check(fact="model"):
            frees = turned is not condition.holds(())  # of all tests of a text, `!=` alone holds for none at all
            return msgspec.structs.replace(condition, holds=_of_the_first(condition.holds)) if frees else condition
        case Not(part=part):
            return msgspec.structs.replace(condition, part=strictly(part, turned=not turned))
        case Named(part=part):
            return msgspec.structs.replace(condition, part=strictly(part, turned=turned))
        case All(parts=parts) | Any(parts=parts):
            return msgspec.structs.replace(condition, parts=tuple(strictly(part, turned=turned) for part in parts))
    return condition


def _of_the_first(holds: Holds) -> Holds:
    return lambda value: holds(value[:1] if isinstance(value, tuple) else value)
