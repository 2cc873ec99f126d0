"""Conditions: predicates over facts with three outcomes, which can also say why.

True and False are decided; None is *unknown*, for a fact that could not be found out, and stays unknown through `none`
and `!=`. What unknown means is the caller's to say: it adds a label, and it does not match a rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import msgspec

from routing_rules.facts import UNKNOWN, Bounds, Facts, FactValue
from routing_rules.live import in_words as live_words
from routing_rules.values import Gap, Holds, Truth


class Trace(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a condition came out as it did: in words, with its parts below it. `outcome` is null where unknown."""

    says: str
    outcome: Truth
    parts: tuple[Trace, ...] = ()


class Condition(Protocol):
    """Something that holds, does not hold, or cannot be told."""

    def decide(self, facts: Facts) -> Truth:
        """Decide, asking for as few facts as the outcome needs."""

    def trace(self, facts: Facts) -> Trace:
        """Decide, and say why."""

    def names(self) -> Iterator[str]:
        """Give the names of all facts that may be asked for."""

    def checks(self) -> Iterator[Check]:
        """Give every test of a fact."""


class Check(msgspec.Struct, frozen=True):
    """One test of one fact: `said` is the condition as the file spells it."""

    fact: str
    said: str
    holds: Holds
    gap: Gap | None = None

    def decide(self, facts: Facts) -> Truth:
        """Ask for the fact and test it; an unknown fact is an unknown outcome."""
        value = facts.value(self.fact)
        return None if value is UNKNOWN else self.holds(value)

    def trace(self, facts: Facts) -> Trace:
        """Decide, and give what was found."""
        value = facts.value(self.fact)
        outcome = None if value is UNKNOWN else self.holds(value)
        if (live := live_words(self.fact, value)) is not None:
            return Trace(f"{self.fact}: {live}, wanted {self._wanted}", outcome)
        far = ""
        if outcome is False and self.gap and isinstance(value, int | float | Bounds) and not isinstance(value, bool):
            far = self.gap(value)
        return Trace(f"{self.said}: {shown(value)}{f', {far}' if far else ''}", outcome)

    @property
    def _wanted(self) -> str:
        """What the fact is tested for, as the file spells it: `< 800ms`."""
        return self.said.removeprefix(self.fact).strip().strip('"')

    def names(self) -> Iterator[str]:
        """Give the one fact's name."""
        yield self.fact

    def checks(self) -> Iterator[Check]:
        """Give the check itself."""
        yield self


class _Group(msgspec.Struct, frozen=True):
    """What `All` and `Any` have in common: parts, and how they are called in a trace."""

    parts: tuple[Condition, ...] = ()
    said: str = ""

    def decide(self, facts: Facts) -> Truth:
        """Decide the parts; how they come together is the kind's own."""
        raise NotImplementedError

    def trace(self, facts: Facts) -> Trace:
        """Decide every part."""
        return Trace(self.said, self.decide(facts), tuple(part.trace(facts) for part in self.parts))

    def names(self) -> Iterator[str]:
        """Give the names of all parts."""
        return (name for part in self.parts for name in part.names())

    def checks(self) -> Iterator[Check]:
        """Give the checks of all parts."""
        return (check for part in self.parts for check in part.checks())


class All(_Group, frozen=True):
    """A conjunction; with no part it always holds."""

    said: str = "all of"

    def decide(self, facts: Facts) -> Truth:
        """Return False if any part fails, else None if any is unknown, else True."""
        outcome: Truth = True
        for part in self.parts:
            decided = part.decide(facts)
            if decided is False:
                return False
            if decided is None:
                outcome = None
        return outcome


class Any(_Group, frozen=True):
    """A disjunction; with no part it never holds."""

    said: str = "any of"

    def decide(self, facts: Facts) -> Truth:
        """Return True if any part holds, else None if any is unknown, else False."""
        outcome: Truth = False
        for part in self.parts:
            decided = part.decide(facts)
            if decided is True:
                return True
            if decided is None:
                outcome = None
        return outcome


class Not(msgspec.Struct, frozen=True):
    """The opposite of a condition; unknown stays unknown."""

    part: Condition
    said: str = "none of"

    def decide(self, facts: Facts) -> Truth:
        """Turn the outcome round."""
        decided = self.part.decide(facts)
        return None if decided is None else not decided

    def trace(self, facts: Facts) -> Trace:
        """Decide what is turned round."""
        inner = self.part.trace(facts)
        parts = inner.parts if isinstance(self.part, Any) else (inner,)
        return Trace(self.said, None if inner.outcome is None else not inner.outcome, parts)

    def names(self) -> Iterator[str]:
        """Give the names of what is turned round."""
        return self.part.names()

    def checks(self) -> Iterator[Check]:
        """Give the checks of what is turned round."""
        return self.part.checks()


class Named(msgspec.Struct, frozen=True):
    """A `[fact.NAME]`, shown by its name wherever it is used."""

    name: str
    part: Condition

    def decide(self, facts: Facts) -> Truth:
        """Decide the fact's own condition."""
        return self.part.decide(facts)

    def trace(self, facts: Facts) -> Trace:
        """Decide, under the fact's name."""
        inner = self.part.trace(facts)
        return Trace(self.name, inner.outcome, inner.parts if isinstance(self.part, All) else (inner,))

    def names(self) -> Iterator[str]:
        """Give the names of the fact's own condition."""
        return self.part.names()

    def checks(self) -> Iterator[Check]:
        """Give the checks of the fact's own condition."""
        return self.part.checks()


ALWAYS = All()


def in_words(condition: Condition) -> str:
    """Write a condition on one line, for a person; a fact by its name."""
    match condition:
        case Check():
            return condition.said
        case Named():
            return condition.name
        case Not():
            return f"not ({in_words(condition.part)})"
        case Any():
            return " or ".join(map(_in_brackets, condition.parts))
        case All():
            return " and ".join(map(_in_brackets, condition.parts)) or "always"
    raise TypeError(condition)


def _in_brackets(part: Condition) -> str:
    return f"({in_words(part)})" if isinstance(part, All | Any) and part.parts else in_words(part)


def shown(value: FactValue) -> str:
    """Write what was found for a person."""
    if isinstance(value, Bounds):
        return f"between {value.low:,.0f} and {value.high:,.0f}"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
    return _WORDS.get(value) or repr(value)


_WORDS: dict[FactValue, str] = {None: "there is none", True: "yes", False: "no", UNKNOWN: "unknown"}
