"""What a condition may look at: facts about one request, and the state of every target.

Facts come by name and are computed by whoever implements `Facts`, once each and only if a condition asks. The three
outcomes of asking are a value, None for a value that is absent, and `UNKNOWN` for one that could not be found out: a
detector that failed, a measure not yet made. Unknown is never the same as absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final, Literal, Protocol

import msgspec


class Unknown(Enum):
    """The type of `UNKNOWN`, a fact that could not be found out."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN


class Bounds(msgspec.Struct, frozen=True):
    """A number that is only known to lie between two others, both included."""

    low: float
    high: float


FactValue = str | bool | int | float | tuple[str, ...] | Bounds | None | Literal[Unknown.UNKNOWN]


class Facts(Protocol):
    """The facts of one request, by the names that conditions use: `model`, `header.x-team`, `secrets@user`."""

    def value(self, name: str) -> FactValue:
        """Return a fact, None where the request has no such thing, or `UNKNOWN`."""


class TargetState(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a target right now.

    `models` are the names in its catalogue, in the order it lists them; None while nobody has been able to ask.
    `default_model` is the first of them that can chat. `busy` is the share of `max_in_flight` that is taken, None
    without such a limit.
    """

    models: frozenset[str] | None = None
    default_model: str | None = None
    down: str | None = None
    busy: float | None = None

    @property
    def healthy(self) -> bool | None:
        """Whether it answers; None while nobody knows."""
        return False if self.down is not None else None if self.models is None else True


Fleet = Mapping[str, TargetState]


class Situation:
    """A request's facts, and with them what only rules may look at: its labels and the live state of targets."""

    def __init__(self, facts: Facts, labels: frozenset[str], fleet: Fleet) -> None:
        self._facts = facts
        self._labels = tuple(sorted(labels))
        self._fleet = fleet

    def value(self, name: str) -> FactValue:
        """Return a fact of the request, `labels`, or a live one such as `busy.local`."""
        if name == "labels":
            return self._labels
        family, _, target = name.partition(".")
        if family not in LIVE:
            return self._facts.value(name)
        state = self._fleet.get(target, TargetState())
        found = state.healthy if family == "healthy" else state.busy if family == "busy" else None
        return UNKNOWN if found is None else found


# Families of facts about targets, measured while wye runs.
LIVE = frozenset({"healthy", "busy", "warm", "first_token", "tokens_per_second"})
# What a label must not look at: it is computed before any of this is known, and must not depend on it.
RULES_ONLY = frozenset({"labels", "budget_used", "cost", *LIVE})
