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
FactValue = str | bool | int | float | None | Literal[Unknown.UNKNOWN]


class Facts(Protocol):
    """The facts of one request, by the names that conditions use: `model`, `stream`, `header.x-team`, `secrets`."""

    def value(self, name: str) -> FactValue:
        """Return a fact, None where the request has no such thing, or `UNKNOWN`."""


class TargetState(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a target right now.

    `models` are the names in its catalogue, in the order it lists them; None while nobody has been able to ask.
    `default_model` is the first of them that can chat.
    """

    models: frozenset[str] | None = None
    default_model: str | None = None
    down: str | None = None


Fleet = Mapping[str, TargetState]
