from __future__ import annotations

import pytest

from routing_rules import UNKNOWN, Bounds, FactValue, TargetState
from routing_rules.facts import LIVE, RULES_ONLY, Situation
from tests.fakes.rule_files import KnownFacts

FLEET = {
    "local": TargetState(models=frozenset({"a"}), busy=0.5),
    "gone": TargetState(models=frozenset({"a"}), down="refused"),
    "new": TargetState(),
}


def test_unknown_is_not_absent_and_not_false() -> None:
    others: list[object] = [None, False, "", 0]
    assert UNKNOWN not in others
    assert repr(UNKNOWN) == "UNKNOWN"


def test_nothing_is_known_of_a_target_at_first() -> None:
    state = TargetState()
    assert (state.models, state.default_model, state.down, state.busy, state.healthy) == (None, None, None, None, None)


def test_an_empty_catalogue_is_not_an_unknown_one() -> None:
    assert TargetState(models=frozenset()) != TargetState()
    assert TargetState(models=frozenset()).healthy is True


def test_a_target_that_is_down_is_not_healthy_whatever_it_listed() -> None:
    assert TargetState(models=frozenset({"a"}), down="gone").healthy is False
    assert TargetState(down="gone").healthy is False


def test_a_state_is_replaced_and_never_changed() -> None:
    with pytest.raises(AttributeError):
        TargetState().down = "gone"  # type: ignore[misc]


def test_bounds_are_values_that_can_be_compared_and_kept() -> None:
    assert Bounds(1, 2) == Bounds(1, 2) != Bounds(1, 3)
    assert len({Bounds(1, 2), Bounds(1, 2)}) == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("labels", ("legal", "private")),
        ("healthy.local", True),
        ("healthy.gone", False),
        ("healthy.new", UNKNOWN),
        ("healthy.nobody", UNKNOWN),
        ("busy.local", 0.5),
        ("busy.new", UNKNOWN),
        ("warm.local", UNKNOWN),
        ("first_token.local", UNKNOWN),
        ("model", "gpt-4o"),
        ("header.healthy", "yes"),
        ("stream", None),
    ],
)
def test_a_rule_sees_the_request_its_labels_and_what_is_measured(name: str, expected: FactValue) -> None:
    facts = KnownFacts({"model": "gpt-4o", "header.healthy": "yes", "labels": "never asked", "busy.local": 9})
    assert Situation(facts, frozenset({"private", "legal"}), FLEET).value(name) == expected


def test_no_label_is_an_empty_list_and_not_an_absent_one() -> None:
    assert Situation(KnownFacts(), frozenset(), {}).value("labels") == ()


def test_what_is_live_is_for_rules_only() -> None:
    assert LIVE < RULES_ONLY
