from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules.patterns import fault


@pytest.mark.parametrize("pattern", [r"(?i)\bpassport\b", "a+", "", r"\d{3}-\d{4}", "[ä-ü]+", "a|b", "(a+)+$"])
def test_a_pattern_that_the_engine_takes_has_no_fault(pattern: str) -> None:
    assert fault(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(", "missing )"),
        ("[z-a]", "invalid character class range"),
        ("*a", "no argument for repetition operator"),
        (r"(a)\1", "invalid escape sequence"),
        ("(?=a)", "invalid perl operator"),
        ("a{1001}", "invalid repetition size"),
    ],
)
def test_a_pattern_that_it_refuses_says_why_in_its_own_words(pattern: str, reason: str) -> None:
    assert reason in (fault(pattern) or "")


def test_a_pattern_that_would_grow_without_measure_is_refused() -> None:
    assert fault("((a{100}){100}){100}") is not None


@given(st.text(alphabet="ab()[]{}*+?|\\^$.1,-", max_size=20))
def test_no_pattern_makes_it_fail(pattern: str) -> None:
    reason = fault(pattern)
    assert reason is None or reason
