from __future__ import annotations

from collections import Counter
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules import TargetState
from routing_rules.names import Use
from routing_rules.ordering import ordered

A, B, C = Use("a"), Use("b"), Use("c")
ABC = (A, B, C)
GRID = [step / 10_000 for step in range(10_000)]
WEIGHTS = st.dictionaries(st.sampled_from("abc"), st.floats(0, 1e300), max_size=3)


def drawn(weights: dict[str, float], draw: float, uses: tuple[Use, ...] = ABC) -> str:
    return "".join(use.target for use in ordered(uses, "weighted", weights, {}, draw))


def test_in_turn_is_as_written() -> None:
    assert ordered(ABC, "in turn", {"c": 9}, {"a": TargetState(busy=1.0)}, 0.9) == ABC


def test_each_target_comes_first_as_often_as_its_share_says() -> None:
    first = Counter(drawn({"a": 6, "b": 3, "c": 1}, draw)[0] for draw in GRID)
    assert [first[name] / len(GRID) for name in "abc"] == pytest.approx([0.6, 0.3, 0.1], abs=0.001)


def test_who_comes_second_is_drawn_by_the_shares_of_those_who_are_left() -> None:
    after_a = Counter(out[1] for out in (drawn({"a": 6, "b": 3, "c": 1}, draw) for draw in GRID) if out[0] == "a")
    assert after_a["b"] / after_a.total() == pytest.approx(0.75, abs=0.002)


def test_every_order_can_come_out() -> None:
    assert {drawn({"a": 1, "b": 1, "c": 1}, draw) for draw in GRID} == {"".join(one) for one in permutations("abc")}


@pytest.mark.parametrize("draw", [0.0, 0.3, 0.999999, 1.0])
def test_who_weighs_nothing_is_the_last_resort_in_the_order_written(draw: float) -> None:
    assert drawn({"b": 1}, draw) == "bac"
    assert drawn({"b": 1, "c": 0}, draw) == "bac"
    assert drawn({}, draw) == "abc"
    assert drawn({"a": 1, "b": 1}, draw)[2] == "c"


def test_a_target_with_two_models_still_has_one_share() -> None:
    uses = (Use("a", "x"), Use("a", "y"), Use("b"))
    first = Counter(drawn({"a": 1, "b": 1}, draw, uses)[0] for draw in GRID)
    assert first["a"] / len(GRID) == pytest.approx(0.5, abs=0.001)


@given(WEIGHTS, st.floats(0, 1))
def test_whatever_the_weights_and_the_chance_nobody_is_lost_or_doubled(weights: dict[str, float], draw: float) -> None:
    assert sorted(drawn(weights, draw)) == ["a", "b", "c"]


def test_the_least_busy_comes_first_and_equals_keep_their_order() -> None:
    fleet = {"a": TargetState(busy=0.5), "b": TargetState(busy=0.1), "c": TargetState(busy=0.5)}
    assert ordered(ABC, "least busy", {}, fleet, 0.0) == (B, A, C)


def test_a_target_without_a_limit_is_never_busy() -> None:
    assert ordered((A, B, C), "least busy", {}, {"a": TargetState(busy=0.1)}, 0.0) == (B, C, A)
