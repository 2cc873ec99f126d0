"""In which order a rule's candidates are tried. Chance is an argument: one number from 0 to 1 for each request.

What an order goes by are facts like those of conditions, so a recorded request is put in order by what was known then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from routing_rules.facts import Facts
from routing_rules.names import Use
from routing_rules.spec import Order

T = TypeVar("T")
# The share of requests by which `fastest` gets to know those that nobody has measured, or not for a while.
CURIOUS = 0.05


def looked_at(uses: tuple[Use, ...], order: Order) -> Iterator[str]:
    """Give the names of the facts that an order goes by."""
    for use in uses:
        match order:
            case "least busy":
                yield f"busy.{use.target}"
            case "fastest":
                yield from (f"first_token.{use.target}", f"healthy.{use.target}")
            case "warm first":
                yield from (f"warm.{use}", f"healthy.{use.target}")


def ordered(
    uses: tuple[Use, ...], order: Order, weights: Mapping[str, float], seen: Facts, draw: float
) -> tuple[Use, ...]:
    """Put candidates in the order that the rule asks for. `seen` is what rules look at; equals stay as written."""
    match order:
        case "weighted":
            return tuple(_drawn(uses, _shares(uses, weights), draw))
        case "least busy":
            return tuple(sorted(uses, key=lambda use: _number(seen, f"busy.{use.target}") or 0))
        case "fastest":
            curious = draw >= 1 - CURIOUS
            return tuple(sorted(uses, key=lambda use: _slowness(use, seen, curious=curious)))
        case "warm first":
            return tuple(sorted(uses, key=lambda use: _coldness(use, seen)))
    return uses


def _slowness(use: Use, seen: Facts, *, curious: bool) -> tuple[bool, bool, float]:
    """Rank a candidate by its time to the first content: whoever is down comes last, and before it the unmeasured."""
    seconds = _number(seen, f"first_token.{use.target}")
    return _is_down(use, seen), (seconds is None) is not curious, seconds or 0


def _coldness(use: Use, seen: Facts) -> tuple[bool, int]:
    """Rank a candidate by whether its model is loaded: whoever cannot tell stands between those who have and have not.

    Whoever is down comes last.
    """
    warm = seen.value(f"warm.{use}")
    return _is_down(use, seen), 0 if warm is True else 2 if warm is False else 1


def _is_down(use: Use, seen: Facts) -> bool:
    return seen.value(f"healthy.{use.target}") is False


def _number(seen: Facts, name: str) -> float | None:
    value = seen.value(name)
    return value if isinstance(value, int | float) else None


def _shares(uses: tuple[Use, ...], weights: Mapping[str, float]) -> list[float]:
    """Give each candidate its share: a target that stands there twice with two models still has one share in all."""
    often = Counter(use.target for use in uses)
    return [weights.get(use.target, 0) / often[use.target] for use in uses]


def _drawn(items: Sequence[T], weights: Sequence[float], draw: float) -> list[T]:
    """Draw all items without putting any back; who weighs nothing comes last. One number serves for every draw.

    What is left of it after a draw, stretched back to 0..1, is as even as it was before.
    """
    pairs = list(zip(items, weights, strict=True))
    left, out = [(item, weight) for item, weight in pairs if weight > 0], []
    while left:
        point = draw * sum(weight for _, weight in left)
        for at, (_, weight) in enumerate(left):
            if point < weight or at == len(left) - 1:
                break
            point -= weight
        draw = min(max(point / weight, 0.0), 1.0)
        out.append(left.pop(at)[0])
    return [*out, *(item for item, weight in pairs if not weight > 0)]
