from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.upstream.measures import FORGOTTEN_S, HALF_LIFE_S, KEPT, Pace, Recent
from proxy.wire.usage import Details, Usage


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_known_before_the_first_measure() -> None:
    assert Recent().value is None


def test_one_odd_measure_moves_the_median_little() -> None:
    recent = Recent(Clock())
    for seconds in (0.5, 0.6, 30.0, 0.55, 0.52):
        recent.add(seconds)
    assert recent.value == 0.55


def test_what_is_new_outweighs_what_is_old() -> None:
    clock = Clock()
    recent = Recent(clock)
    for _ in range(6):
        recent.add(0.5)
    clock.now += 2 * HALF_LIFE_S  # six of a quarter each
    recent.add(3.0)
    assert recent.value == 0.5
    recent.add(3.0)
    assert recent.value == 3.0


def test_only_the_last_measures_count() -> None:
    recent = Recent(Clock())
    for value in [9.0] * KEPT + [1.0] * KEPT:
        recent.add(value)
    assert recent.value == 1.0


def test_after_a_long_time_without_a_measure_nothing_is_known_any_more() -> None:
    clock = Clock()
    recent = Recent(clock)
    known = []
    for wait_s in (0, FORGOTTEN_S, 1):
        clock.now += wait_s
        known.append(recent.value) if wait_s else recent.add(0.5)
    recent.add(0.7)
    assert (known, recent.value) == ([0.5, None], 0.7)


@given(st.lists(st.tuples(st.floats(0, 300), st.floats(0.001, 1e6)), min_size=1, max_size=40))
def test_the_median_is_always_one_of_the_last_measures(measures: list[tuple[float, float]]) -> None:
    clock = Clock()
    recent = Recent(clock)
    for wait_s, value in measures:
        clock.now += wait_s
        recent.add(value)
    assert recent.value in [value for _, value in measures[-KEPT:]]


def pace(*at: float, held_s: float = 0) -> Pace:
    made = Pace()
    for moment in at:
        made.content(moment)
    made.held(held_s)
    return made


@pytest.mark.parametrize(
    ("made", "usage", "rate"),
    [
        (pace(10, 11, 12), Usage(3, 101, 104), 50),
        (pace(10, 12, held_s=0.9), Usage(3, 101, 104), 50),
        (pace(10, 12, held_s=1.1), Usage(3, 101, 104), None),
        (pace(10, 12), None, None),
        (pace(10, 12), Usage(3, 5, 8), None),
        (pace(10, 10.001), Usage(3, 101, 104), None),
        (pace(10), Usage(3, 101, 104), None),
        (pace(), Usage(3, 101, 104), None),
        (pace(10, 12), Usage(3, 101, 104, Details(60)), None),
        (pace(10, 12), Usage(3, 101, 104, Details(None)), 50),
        (pace(10, 12), Usage(3, 101, 104, None), 50),
    ],
)
def test_a_rate_is_the_tokens_after_the_first_over_their_time_where_that_means_something(
    made: Pace, usage: Usage | None, rate: float | None
) -> None:
    assert made.tokens_per_second(usage) == rate
