from __future__ import annotations

import pytest

from routing_rules import UNKNOWN, TargetState


def test_unknown_is_not_absent_and_not_false() -> None:
    others: list[object] = [None, False, "", 0]
    assert UNKNOWN not in others
    assert repr(UNKNOWN) == "UNKNOWN"


def test_nothing_is_known_of_a_target_at_first() -> None:
    state = TargetState()
    assert (state.models, state.default_model, state.down) == (None, None, None)


def test_an_empty_catalogue_is_not_an_unknown_one() -> None:
    assert TargetState(models=frozenset()) != TargetState()


def test_a_state_is_replaced_and_never_changed() -> None:
    with pytest.raises(AttributeError):
        TargetState().down = "gone"  # type: ignore[misc]
