from __future__ import annotations

import pytest

from routing_rules import UNKNOWN, Bounds, FactValue, TargetState
from routing_rules.facts import LIVE, RULES_ONLY, Situation
from tests.fakes.rule_files import KnownFacts

FLEET = {
    "local": TargetState(models=frozenset({"a"}), busy=0.5),
    "gone": TargetState(models=frozenset({"a"}), down="refused"),
    "new": TargetState(),
    "hot": TargetState(loaded=frozenset({"Llama3.2:latest"}), first_token=0.4, tokens_per_second=80.0, up=True),
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
        ("tokens_per_second.nobody", UNKNOWN),
        ("first_token.hot", 0.4),
        ("tokens_per_second.hot", 80.0),
        ("healthy.hot", True),
        ("warm.hot", True),
        ("warm.hot:qwen3", False),
        ("model", "gpt-4o"),
        ("header.healthy", "yes"),
        ("stream", None),
    ],
)
def test_a_rule_sees_the_request_its_labels_and_what_is_measured(name: str, expected: FactValue) -> None:
    facts = KnownFacts({"model": "gpt-4o", "header.healthy": "yes", "labels": "never asked", "busy.local": 9})
    models = {"hot": "llama3.2", "hot:qwen3": "qwen3", "local": "a"}
    assert Situation(facts, frozenset({"private", "legal"}), FLEET, models.get).value(name) == expected


@pytest.mark.parametrize(
    ("loaded", "model", "warm"),
    [
        ({"llama3.2:latest"}, "llama3.2", True),
        ({"llama3.2:latest"}, "llama3.2:latest", True),
        ({"llama3.2"}, "llama3.2:latest", True),
        ({"llama3.2:latest"}, "LLAMA3.2", True),
        ({"llama3.2:1b"}, "llama3.2", False),
        ({"hf.co:443/a/b:latest"}, "hf.co:443/a/b", True),
        (set(), "llama3.2", False),
        (None, "llama3.2", None),
        ({"llama3.2:latest"}, None, None),
    ],
)
def test_a_model_is_loaded_under_its_name_with_or_without_latest(
    loaded: set[str] | None, model: str | None, warm: bool | None
) -> None:
    assert TargetState(loaded=frozenset(loaded) if loaded is not None else None).warm(model) is warm


def test_which_model_is_meant_is_unknown_where_nobody_says() -> None:
    assert Situation(KnownFacts(), frozenset(), FLEET).value("warm.hot") is UNKNOWN


def test_no_label_is_an_empty_list_and_not_an_absent_one() -> None:
    assert Situation(KnownFacts(), frozenset(), {}).value("labels") == ()


def test_what_is_live_is_for_rules_only() -> None:
    assert LIVE < RULES_ONLY
