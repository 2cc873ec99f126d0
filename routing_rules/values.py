"""What one condition asks of one value: globs, numbers, durations, hours; each test has three outcomes.

A string that begins with an operator compares: `">= 4000"`, `"!= gpt-*"`. A list means "one of". A value that is absent
fulfils `!=` and nothing else.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from routing_rules import globs
from routing_rules.facts import Bounds, FactValue
from routing_rules.units import Seconds

Truth = bool | None
Holds = Callable[[FactValue], Truth]
Gap = Callable[[float | Bounds], str]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOURS = 24
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_EQUAL = re.compile(r"(?:!=|==?)\s*")
_COMPARED = re.compile(r"\s*(>=|<=|!=|==|>|<|=)?\s*(.*?)\s*", re.DOTALL)


class Test(msgspec.Struct, frozen=True):
    """A test of a value, and how far a number that fails it is off."""

    holds: Holds
    gap: Gap | None = None


def flag(wanted: object) -> Test:
    """Read `true` or `false`."""
    if not isinstance(wanted, bool):
        raise ValueError("true or false")
    return Test(lambda value: value is wanted)


def text(wanted: object) -> Test:
    """Read a glob, `!= glob`, or a list of them; a value that is a list has it if one of its members does."""
    texts = _texts(wanted)
    unequal = [_bare(one) for one in texts if one.startswith("!=")]
    equal = [_bare(one) for one in texts if not one.startswith("!=")]
    tests = [_has(equal)] if equal else []
    tests += [_has_not(one) for one in unequal]
    return Test(tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests))


def field(wanted: object) -> Test:
    """Test a header or its kin, which may hold a list: the whole value is tried, and each member of it, trimmed.

    A client that sends a header twice must not get past a label by what the other one says.
    """
    holds = text(wanted).holds

    def any_member(value: FactValue) -> Truth:
        if not isinstance(value, str):
            return holds(value)
        return any(holds(one.strip()) for one in ((value, *value.split(",")) if "," in value else (value,)))

    return Test(any_member)


def number(wanted: object) -> Test:
    """Read a number, or a comparison such as `">= 4000"`."""
    return _compared(wanted, float, 'a number, or a comparison such as ">= 4000"')


def score(wanted: object) -> Test:
    """Read a number from 0 to 1, or a comparison with one."""
    return _compared(wanted, _score, 'a number from 0 to 1, or a comparison such as ">= 0.65"')


def share(wanted: object) -> Test:
    """Read a share: `"< 80%"`, or a number from 0 to 1."""
    return _compared(wanted, _share, 'a share such as "< 80%", or a number from 0 to 1')


def duration(wanted: object) -> Test:
    """Read a duration in seconds, or a comparison such as `"< 500ms"`."""
    return _compared(wanted, _seconds, 'a duration or a comparison such as "< 500ms"')


def hours(wanted: object) -> Test:
    """Read hours of the day: `9`, a list, or `"9-17"`, from nine o'clock until five; `"22-6"` goes over midnight."""
    allowed = _times(wanted, _hour, _HOURS, 'hours from 0 to 24, as in "9-17", or a list of hours')
    return Test(lambda value: value in allowed)


def weekdays(wanted: object) -> Test:
    """Read days of the week: `"sat"`, a list, or `"mon-fri"`, both ends included."""
    allowed = {WEEKDAYS[day] for day in _times(wanted, _weekday, len(WEEKDAYS), 'days such as "mon", "mon-fri"')}
    return Test(lambda value: value in allowed)


def _texts(wanted: object) -> list[str]:
    listed = wanted if isinstance(wanted, list) else [wanted]
    texts = [one for one in listed if isinstance(one, str)]
    if not texts or len(texts) != len(listed):
        raise ValueError('a string, a glob such as "gpt-*", or a list of them')
    if any(one.startswith(("<", ">")) for one in texts):
        raise ValueError('a string or a glob: of the operators, text knows "!=" and "=" only')
    if sum(one.startswith("!=") for one in texts) > 1:
        # "One of" them nearly always holds, and nobody who writes this means that.
        raise ValueError('one "!=" at most: `none` with a list says that it is neither')
    return texts


def _bare(wanted: str) -> str:
    """Return a pattern without the operator before it."""
    operator_ = _EQUAL.match(wanted)
    return wanted[operator_.end() :].rstrip() if operator_ else wanted


def _has(patterns: Sequence[str]) -> Holds:
    found = globs.matcher(patterns)

    def holds(value: FactValue) -> bool:
        if isinstance(value, str):
            return found(value.casefold())
        return isinstance(value, tuple) and any(found(one.casefold()) for one in value)

    return holds


def _has_not(pattern: str) -> Holds:
    has = _has([pattern])
    return lambda value: not has(value)


def _compared(wanted: object, read: Callable[[Any], float], expected: str) -> Test:
    match = _COMPARED.fullmatch(wanted) if isinstance(wanted, str) else None
    sign, written = (match[1] or "==", match[2]) if match else ("==", wanted)
    if isinstance(written, bool):
        raise ValueError(expected)
    try:
        limit = read(written)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(expected) from None
    if limit != limit or abs(limit) == float("inf"):  # noqa: PLR0124 - NaN is no number to compare with
        raise ValueError(expected)
    return Test(_comparison(sign, limit), lambda value: _off(value, limit))


def _comparison(sign: str, limit: float) -> Holds:
    compare = _OPERATORS[sign]

    def holds(value: FactValue) -> Truth:
        if isinstance(value, Bounds):
            return _within(value, sign, limit)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return compare(value, limit)
        return sign == "!="

    return holds


def _within(bounds: Bounds, sign: str, limit: float) -> Truth:
    """Decide from bounds alone; None where the limit lies between them."""
    if sign in {"==", "=", "!="}:
        if not bounds.low <= limit <= bounds.high:
            return sign == "!="
        return None if bounds.low != bounds.high else sign != "!="
    low, high = _OPERATORS[sign](bounds.low, limit), _OPERATORS[sign](bounds.high, limit)
    return low if low is high else None


def _off(value: float | Bounds, limit: float) -> str:
    """Say by how much a number misses a limit, at the least."""
    if isinstance(value, Bounds):
        nearest = min(max(limit, value.low), value.high)
        return f"at least {_off(nearest, limit)}" if nearest != limit else ""
    away = abs(value - limit)
    return f"{away:,.4g} {'short of' if value < limit else 'beyond'} it" if away else "exactly at it"


def _score(written: object) -> float:
    number = float(written)  # type: ignore[arg-type] # a value that is no number is a TypeError, as it should be
    if not 0 <= number <= 1:
        raise ValueError
    return number


def _share(written: object) -> float:
    if isinstance(written, str) and written.endswith("%"):
        return float(written[:-1]) / 100
    return _score(written)


def _seconds(written: object) -> float:
    return float(written) if isinstance(written, int | float) else Seconds.parse(written)


def _times(wanted: object, read: Callable[[object], int], count: int, expected: str) -> set[int]:
    """Read points of a cycle: one, a range `from-to`, or a list of either. The end of a range of hours is not in it."""
    listed = wanted if isinstance(wanted, list) else [wanted]
    try:
        found = {point for one in listed for point in _points(one, read, count)}
    except (TypeError, ValueError):
        raise ValueError(expected) from None
    if not found or any(not 0 <= one < count for one in found):
        raise ValueError(expected)
    return found


def _points(wanted: object, read: Callable[[object], int], count: int) -> set[int]:
    if not (isinstance(wanted, str) and "-" in wanted):
        return {read(wanted)}
    start, end = (read(part.strip()) for part in wanted.split("-"))
    steps = (end - start) % count or count if count == _HOURS else (end - start) % count + 1
    return {(start + step) % count for step in range(steps)}


def _hour(written: object) -> int:
    if isinstance(written, bool) or not isinstance(written, int | str):
        raise TypeError
    hour = int(written)
    if not 0 <= hour <= _HOURS:
        raise ValueError
    return hour


def _weekday(written: object) -> int:
    if not isinstance(written, str):
        raise TypeError
    name = written.strip().lower()
    return (WEEKDAYS if name in WEEKDAYS else _LONG).index(name)
