"""Conditions: from a table in the file to a predicate over facts, with three outcomes.

True and False are decided; None is *unknown*, for a fact that could not be found out. A table is a conjunction. What
unknown means is the caller's to say: it adds a label, and it does not match a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from routing_rules import globs
from routing_rules.errors import Path, Problem
from routing_rules.facts import UNKNOWN, Facts, FactValue
from routing_rules.spelling import nearest

Truth = bool | None
Test = Callable[[FactValue], Truth]


class Check(msgspec.Struct, frozen=True):
    """One line of a condition: which fact, what it must be, and the test for it."""

    fact: str
    wanted: str
    test: Test

    def decide(self, facts: Facts) -> Truth:
        """Ask for the fact and test it; an unknown fact is an unknown outcome."""
        value = facts.value(self.fact)
        return None if value is UNKNOWN else self.test(value)


class Condition(msgspec.Struct, frozen=True):
    """A conjunction of checks; with none of them it always holds."""

    checks: tuple[Check, ...] = ()

    def decide(self, facts: Facts) -> Truth:
        """Return False if any check fails, else None if any is unknown, else True."""
        outcome: Truth = True
        for check in self.checks:
            decided = check.decide(facts)
            if decided is False:
                return False
            if decided is None:
                outcome = None
        return outcome


def compile_condition(when: Mapping[str, Any] | None, path: Path, problems: list[Problem]) -> Condition:
    """Turn a `when` table into a condition; what is wrong with it is added to `problems`."""
    checks = [check for key, wanted in (when or {}).items() for check in _checks(key, wanted, (*path, key), problems)]
    return Condition(tuple(checks))


def _checks(key: str, wanted: object, path: Path, problems: list[Problem]) -> Iterator[Check]:
    family, _, member = key.partition(".")
    if family in _FAMILIES:
        named = {member: wanted} if member else wanted
        if not isinstance(named, Mapping):
            problems.append(Problem(path=path, found=repr(wanted), expected=f"a name under it, as in {family}.NAME"))
            return
        for name, value in named.items():
            yield from _check(f"{family}.{name.lower()}", value, _member_text, path, problems)
    elif key in _CONDITIONS:
        yield from _check(key, wanted, _CONDITIONS[key], path, problems)
    else:
        problems.append(_not_a_condition(key, path))


def _check(
    fact: str, wanted: object, make: Callable[[object], Test], path: Path, problems: list[Problem]
) -> Iterator[Check]:
    try:
        yield Check(fact, _spell(wanted), make(wanted))
    except ValueError as error:
        problems.append(Problem(path=path, found=_spell(wanted), expected=str(error)))


def _not_a_condition(key: str, path: Path) -> Problem:
    if key in _NOT_YET:
        return Problem(
            path=path, found=f"the condition {key!r}", expected="one that is built: it is planned, not yet here"
        )
    known = [*_CONDITIONS, *(f"{family}.NAME" for family in _FAMILIES)]
    return Problem(
        path=path, found=f"the condition {key!r}", expected="one of " + ", ".join(known), nearest=nearest(key, known)
    )


def _spell(wanted: object) -> str:
    return msgspec.json.encode(wanted).decode()


def _flag(wanted: object) -> Test:
    if not isinstance(wanted, bool):
        raise ValueError("true or false")
    return lambda value: value is wanted


def _text(wanted: object) -> Test:
    if isinstance(wanted, str):
        return _one_text(wanted)
    if isinstance(wanted, list) and wanted and all(isinstance(item, str) for item in wanted):
        tests = [_one_text(item) for item in wanted]
        return lambda value: any(test(value) for test in tests)
    raise ValueError('a string, a glob such as "gpt-*", or a list of them')


def _member_text(wanted: object) -> Test:
    """Test a header, which may hold a list: the condition holds for the whole value, or for any member of it.

    A client that sends a header twice must not get past a label by what the other one says.
    """
    test = _text(wanted)

    def any_member(value: FactValue) -> Truth:
        if not isinstance(value, str):
            return test(value)
        return any(test(one.strip()) for one in (value, *value.split(",")))

    return any_member


def _one_text(wanted: str) -> Test:
    if wanted.startswith("!="):
        unwanted = wanted[2:].strip()
        return lambda value: not (isinstance(value, str) and globs.matches(unwanted, value))
    return lambda value: isinstance(value, str) and globs.matches(wanted, value)


_CONDITIONS: dict[str, Callable[[object], Test]] = {
    "model": _text,
    "endpoint": _text,
    "stream": _flag,
    "secrets": _flag,
}
_FAMILIES = ("header",)
_NOT_YET = frozenset(
    {
        *("all", "any", "none", "matches", "contains", "pii", "scope", "complexity", "task", "language", "opaque"),
        *("prompt_tokens", "max_tokens", "total_tokens", "messages", "turns", "tools", "tool_names", "images", "audio"),
        *("files", "response_format", "reasoning_effort", "key", "group", "user", "metadata", "preference", "labels"),
        *("hour", "weekday", "budget_used", "cost", "healthy", "busy", "warm", "first_token", "tokens_per_second"),
    }
)
