import pytest

from routing_rules.scores import DEFAULT_WEIGHTS


def test_the_weights_are_shares_of_one_score() -> None:
    assert sum(DEFAULT_WEIGHTS.values()) == pytest.approx(1)
    assert min(DEFAULT_WEIGHTS.values()) > 0
