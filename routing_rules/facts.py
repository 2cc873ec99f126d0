"""What a condition may look at: facts about one request, and the state of every target.

Facts come by name and are computed by whoever implements `Facts`, once each and only if a condition asks. The three
outcomes of asking are a value, None for a value that is absent, and `UNKNOWN` for one that could not be found out: a
detector that failed, a measure not yet made. Unknown is never the same as absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    `default_model` is the first of them that can chat. `down` is why it cannot be reached; `up` says that it answered,
    whether it lists models or not. `busy` is the share of `max_in_flight` that is taken, None without such a limit.
    `loaded` are the models in its memory, as it names them. `first_token` is how long it takes to the first content of
    a stream, in seconds, and `tokens_per_second` how fast the rest comes. None is what nobody has measured.
    """

    models: frozenset[str] | None = None
    default_model: str | None = None
    down: str | None = None
    up: bool = False
    busy: float | None = None
    loaded: frozenset[str] | None = None
    first_token: float | None = None
    tokens_per_second: float | None = None

    @property
    def healthy(self) -> bool | None:
        """Whether it answers; None while nobody knows."""
        if self.down is not None:
            return False
        return True if self.up or self.models is not None else None

    def warm(self, model: str | None) -> bool | None:
        """Say whether a model is in its memory; None where nobody knows, or which model it is about."""
        if self.loaded is None or model is None:
            return None
        return _tagged(model) in map(_tagged, self.loaded)


def _tagged(model: str) -> str:
    """Return a model's name with its tag, as Ollama compares names: `Llama3.2` is `llama3.2:latest`."""
    name = model.casefold()
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


Fleet = Mapping[str, TargetState]
ModelAt = Callable[[str], str | None]


def _nobody_knows(_: str) -> str | None:
    return None


class Situation:
    """A request's facts, and with them what only rules may look at: its labels and the live state of targets."""

    def __init__(self, facts: Facts, labels: frozenset[str], fleet: Fleet, model_at: ModelAt = _nobody_knows) -> None:
        """Take what there is to look at; `model_at` gives the upstream's model of a candidate, for `warm`."""
        self._facts = facts
        self._model_at = model_at
        self._labels = tuple(sorted(labels))
        self._fleet = fleet

    def value(self, name: str) -> FactValue:
        """Return a fact of the request, `labels`, or a live one such as `busy.local`."""
        if name == "labels":
            return self._labels
        family, _, of = name.partition(".")
        if family not in LIVE:
            return self._facts.value(name)
        found = self._live(family, of)
        return UNKNOWN if found is None else found

    def _live(self, family: str, of: str) -> bool | float | None:
        """Find what is known of a target, or for `warm` of a candidate (`target`, `target:model`)."""
        state = self._fleet.get(of.partition(":")[0], TargetState())
        if family == "warm":
            return None if state.loaded is None else state.warm(self._model_at(of))
        found: bool | float | None = getattr(state, family)
        return found


# Facts of which there are bounds at once, and more only for some effort.
COUNTED = ("prompt_tokens", "total_tokens")
# Families of facts about targets, measured while wye runs.
LIVE = frozenset({"healthy", "busy", "warm", "first_token", "tokens_per_second"})
# What a label must not look at: it is computed before any of this is known, and must not depend on it.
RULES_ONLY = frozenset({"labels", "budget_used", "cost", *LIVE})
