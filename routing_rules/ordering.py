"""In which order a rule's candidates are tried. Chance is an argument: one number from 0 to 1 for each request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeVar

from routing_rules.facts import Fleet, TargetState
from routing_rules.names import Use
from routing_rules.spec import Order

T = TypeVar("T")


def ordered(
    uses: tuple[Use, ...], order: Order, weights: Mapping[str, float], fleet: Fleet, draw: float
) -> tuple[Use, ...]:
    """Put candidates in the order that the rule asks for."""
    match order:
        case "weighted":
            return tuple(_drawn(uses, _shares(uses, weights), draw))
        case "least busy":
            return tuple(sorted(uses, key=lambda use: fleet.get(use.target, TargetState()).busy or 0))
    return uses


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
