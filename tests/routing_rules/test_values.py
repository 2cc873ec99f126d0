from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules import Bounds, FactValue, values
from routing_rules.values import Truth

Read = Callable[[object], values.Test]


@pytest.mark.parametrize(
    ("wanted", "value", "expected"),
    [
        ("gpt-4o", "gpt-4o", True),
        ("gpt-4o", "GPT-4o", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-*", "gpt-4o-mini", True),
        ("llama3.?:*", "llama3.1:8b", True),
        (["gpt-4o", "o?"], "o3", True),
        (["gpt-4o", "o?"], "gpt-4", False),
        ("= gpt-4o", "gpt-4o", True),
        ("== gpt-*", "gpt-4o", True),
        ("!= gpt-4o", "gpt-4", True),
        ("!= gpt-4o", "gpt-4o", False),
        ("!=gpt-*", "gpt-4", False),
        (["!= gpt-*", "gpt-4o"], "gpt-4o", True),
        (["!= gpt-*", "gpt-4o"], "gpt-4", False),
        ("gpt-4o", None, False),
        ("*", None, False),
        ("!= gpt-4o", None, True),
        ("gpt-4o", True, False),
        ("search", ("fetch", "Search"), True),
        ("search", ("fetch",), False),
        ("search", (), False),
        ("!= search", ("fetch", "search"), False),
        ("!= search", ("fetch",), True),
        ("!= search", (), True),
    ],
)
def test_a_text_is_compared_and_an_absent_one_fulfils_only_an_unequal(
    wanted: object, value: FactValue, expected: Truth
) -> None:
    assert values.text(wanted).holds(value) is expected


@pytest.mark.parametrize(
    ("wanted", "value", "expected"),
    [
        ("legal", "sales, legal", True),
        ("legal", "sales,legal", True),
        ("sales, legal", "sales, legal", True),
        ("legal", "sales", False),
        ("legal", None, False),
        ("!= legal", None, True),
        ("!= legal", "sales, legal", True),
        ("!= legal", "legal", False),
        ("legal", " legal\t", True),
        ("!= legal", " legal ", False),
    ],
)
def test_a_header_sent_twice_has_each_of_its_values(wanted: str, value: FactValue, expected: Truth) -> None:
    assert values.field(wanted).holds(value) is expected


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("value", [True, False, None])
def test_a_flag_means_itself_and_an_absent_one_is_neither(wanted: bool, value: FactValue) -> None:
    assert values.flag(wanted).holds(value) is (value is wanted)


@pytest.mark.parametrize(
    ("read", "wanted", "value", "expected"),
    [
        (values.number, ">= 4000", 4000, True),
        (values.number, ">= 4000", 3999, False),
        (values.number, ">=4_000", 4000, True),
        (values.number, "> 4", 4, False),
        (values.number, "<= 4", 4, True),
        (values.number, "< 4", 4, False),
        (values.number, 4, 4, True),
        (values.number, "4", 4.0, True),
        (values.number, "== 4", 5, False),
        (values.number, "!= 4", 5, True),
        (values.number, "!= 4", None, True),
        (values.number, ">= 0", None, False),
        (values.number, "< 4", None, False),
        (values.number, ">= 0", "12", False),
        (values.number, ">= 0", True, False),
        (values.number, "> -1", 0, True),
        (values.score, ">= 0.65", 0.7, True),
        (values.share, "< 80%", 0.79, True),
        (values.share, "< 80%", 0.8, False),
        (values.share, "> 100 %", 1.5, True),
        (values.share, "< 0.8", 0.79, True),
        (values.share, 1, 1.0, True),
        (values.duration, "< 500ms", 0.4, True),
        (values.duration, ">= 2m", 119.0, False),
        (values.duration, 2, 2.0, True),
    ],
)
def test_a_number_is_compared_and_an_absent_one_fulfils_only_an_unequal(
    read: Read, wanted: object, value: FactValue, expected: Truth
) -> None:
    assert read(wanted).holds(value) is expected


NUMBERS = st.integers(-20, 20).map(float)
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "": operator.eq,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@given(st.sampled_from([*OPERATORS]), NUMBERS, NUMBERS, NUMBERS)
def test_bounds_decide_what_all_numbers_between_them_agree_on_and_nothing_else(
    sign: str, limit: float, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    between = [low + (high - low) * step / 80 for step in range(81)] + [at for at in (limit,) if low <= at <= high]
    outcomes = {OPERATORS[sign](number, limit) for number in between}
    decided = values.number(f"{sign} {limit}").holds(Bounds(low, high))
    assert decided is (outcomes.pop() if len(outcomes) == 1 else None)


@pytest.mark.parametrize(
    ("wanted", "value", "words"),
    [
        (">= 4000", 3900, "100 short of it"),
        ("< 0.65", 0.9, "0.25 beyond it"),
        ("> 5", 5, "exactly at it"),
        (">= 4000", Bounds(10, 3000), "at least 1,000 short of it"),
        ("< 4000", Bounds(4100, 5000), "at least 100 beyond it"),
    ],
)
def test_a_number_that_fails_says_by_how_much(wanted: object, value: float | Bounds, words: str) -> None:
    test = values.number(wanted)
    assert test.gap is not None
    assert (test.holds(value), test.gap(value)) == (False, words)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("9-17", set(range(9, 17))),
        ("22-6", {22, 23, 0, 1, 2, 3, 4, 5}),
        ("18-24", set(range(18, 24))),
        ("0-24", set(range(24))),
        (9, {9}),
        ("9", {9}),
        ([9, "12-14"], {9, 12, 13}),
    ],
)
def test_hours_are_points_ranges_and_lists_and_the_end_of_a_range_is_not_in_it(
    wanted: object, expected: set[int]
) -> None:
    holds = values.hours(wanted).holds
    assert {hour for hour in range(24) if holds(hour)} == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("sat", {5}),
        ("Saturday", {5}),
        ("mon-fri", {0, 1, 2, 3, 4}),
        ("sat-mon", {5, 6, 0}),
        ("wed-wed", {2}),
        (["mon", "thu - fri"], {0, 3, 4}),
        ("wednesday", {2}),
    ],
)
def test_weekdays_are_days_ranges_and_lists_with_both_ends(wanted: object, expected: set[int]) -> None:
    holds = values.weekdays(wanted).holds
    assert {at for at, day in enumerate(values.WEEKDAYS) if holds(day)} == expected


NEVER: list[object] = [None, [], {}, [[]], {"a": 1}, object()]


@pytest.mark.parametrize(
    ("read", "wrong"),
    [
        (values.flag, [*NEVER, "yes", 1, 0, "true"]),
        (values.text, [*NEVER, 5, True, ["a", 5], ">= 4", "< x", ["a", "> 4"], ["!= a", "!= b"]]),
        (values.field, [*NEVER, 5]),
        (values.number, [*NEVER, True, "", ">=", "x", ">= x", "=> 4", ">= 4 5", "nan", float("nan"), "< inf", 10**400]),
        (values.score, [*NEVER, True, 65, ">= 65", "< -0.1", "80%", float("inf")]),
        (values.share, [*NEVER, True, 80, "> 80", "%", "x%", "nan%", -0.5]),
        (values.duration, [*NEVER, True, "5", "< 5", "< 5 parsecs", "-5s", float("nan"), 10**400]),
        (values.hours, [*NEVER, True, 24, -1, 25, "9-25", "9-", "-9", "9-12-14", 9.5, ">= 9", ["9", 24], 10**400]),
        (values.weekdays, [*NEVER, True, 1, "", "monkey", "mo", "mon-", "mon-fri-sun", "-", ["mon", 2], "weekend"]),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_was_expected(read: Read, wrong: list[object]) -> None:
    for wanted in wrong:
        with pytest.raises(ValueError) as raised:
            read(wanted)
        assert len(str(raised.value)) > 10, wanted


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet="0159.-_<>=!% *?monfrisx", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)
READERS = (
    *(values.flag, values.text, values.field, values.number, values.score),
    *(values.share, values.duration, values.hours, values.weekdays),
)
FOUND = st.sampled_from([None, True, 5, 0.5, "gpt-4o", "a, b", "", (), ("a",), Bounds(1, 9)])


@given(st.sampled_from(READERS), ANYTHING, FOUND)
def test_whatever_is_wanted_of_whatever_is_found_it_is_decided_or_refused(
    read: Read, wanted: object, found: FactValue
) -> None:
    try:
        test = read(wanted)
    except ValueError:
        return  # with words, as the test above asks
    assert test.holds(found) in (True, False, None)
