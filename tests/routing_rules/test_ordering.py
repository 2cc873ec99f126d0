from __future__ import annotations

from collections import Counter
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules import UNKNOWN, FactValue
from routing_rules.names import Use
from routing_rules.ordering import CURIOUS, looked_at, ordered
from routing_rules.spec import Order
from tests.fakes.rule_files import NOTHING_KNOWN, KnownFacts

A, B, C = Use("a"), Use("b"), Use("c")
ABC = (A, B, C)
GRID = [step / 10_000 for step in range(10_000)]
WEIGHTS = st.dictionaries(st.sampled_from("abc"), st.floats(0, 1e300), max_size=3)


def drawn(weights: dict[str, float], draw: float, uses: tuple[Use, ...] = ABC) -> str:
    return "".join(use.target for use in ordered(uses, "weighted", weights, NOTHING_KNOWN, draw))


def test_in_turn_is_as_written() -> None:
    assert ordered(ABC, "in turn", {"c": 9}, KnownFacts({"busy.a": 1.0, "first_token.a": 9.0}), 0.9) == ABC


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
    assert by("least busy", {"busy.a": 0.5, "busy.b": 0.1, "busy.c": 0.5}) == "bac"


def test_a_target_without_a_limit_is_never_busy() -> None:
    assert by("least busy", {"busy.a": 0.1, "busy.b": UNKNOWN}) == "bca"


def by(order: Order, known: dict[str, FactValue], draw: float = 0.0, uses: tuple[Use, ...] = ABC) -> str:
    return "".join(use.target for use in ordered(uses, order, {}, KnownFacts(known), draw))


def test_the_fastest_comes_first_and_whoever_is_not_measured_last() -> None:
    assert by("fastest", {"first_token.a": 1.2, "first_token.c": 0.3, "first_token.b": UNKNOWN}) == "cab"
    assert by("fastest", {}) == "abc"


def test_now_and_then_whoever_is_not_measured_is_tried_first_so_that_it_becomes_known() -> None:
    known: dict[str, FactValue] = {"first_token.a": 0.3, "first_token.b": UNKNOWN, "first_token.c": 0.1}
    assert by("fastest", known, 1 - CURIOUS) == "bca"
    assert by("fastest", known, 0.999 - CURIOUS) == "cab"
    assert sum(by("fastest", known, draw)[0] == "b" for draw in GRID) / len(GRID) == pytest.approx(CURIOUS)


def test_whoever_has_the_model_loaded_comes_first_and_whoever_cannot_tell_next() -> None:
    assert by("warm first", {"warm.a": False, "warm.b": UNKNOWN, "warm.c": True}) == "cba"
    assert by("warm first", {}) == "abc"


def test_it_is_the_candidates_own_model_that_must_be_loaded() -> None:
    uses = (Use("a", "x"), Use("a", "llama3.1:8b"), Use("a"))
    facts = KnownFacts({"warm.a:x": False, "warm.a:llama3.1:8b": True, "warm.a": False})
    assert ordered(uses, "warm first", {}, facts, 0.0) == (uses[1], uses[0], uses[2])


@pytest.mark.parametrize("order", ["fastest", "warm first"])
def test_whoever_is_down_comes_last_whatever_was_measured(order: Order) -> None:
    known: dict[str, FactValue] = {"first_token.a": 0.1, "first_token.b": 5.0, "warm.a": True, "healthy.a": False}
    assert by(order, known) == "bca"
    assert by(order, known, 0.99)[-1] == "a"


def test_an_order_says_which_facts_it_goes_by() -> None:
    uses = (Use("a", "x:1"), Use("b"))
    assert list(looked_at(uses, "in turn")) == list(looked_at(uses, "weighted")) == []
    assert list(looked_at(uses, "least busy")) == ["busy.a", "busy.b"]
    assert set(looked_at(uses, "fastest")) == {"first_token.a", "first_token.b", "healthy.a", "healthy.b"}
    assert set(looked_at(uses, "warm first")) == {"warm.a:x:1", "warm.b", "healthy.a", "healthy.b"}
