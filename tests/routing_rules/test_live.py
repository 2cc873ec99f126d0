from __future__ import annotations

import pytest

from routing_rules import UNKNOWN, FactValue
from routing_rules.live import NO_LIMIT, NOT_MEASURED, in_words, seconds


@pytest.mark.parametrize(
    ("fact", "value", "words"),
    [
        ("first_token.local", 1.2, "measured 1.2 s"),
        ("first_token.local", 0.85, "measured 850 ms"),
        ("first_token.local", UNKNOWN, NOT_MEASURED),
        ("tokens_per_second.local", 48.25, "measured 48.2 a second"),
        ("tokens_per_second.local", UNKNOWN, NOT_MEASURED),
        ("warm.local", UNKNOWN, NOT_MEASURED),
        ("healthy.local", UNKNOWN, NOT_MEASURED),
        ("busy.local", 0.75, "75%"),
        ("busy.local", UNKNOWN, NO_LIMIT),
        ("warm.local", True, None),
        ("healthy.local", False, None),
        ("prompt_tokens", 5, None),
        ("prompt_tokens", UNKNOWN, None),
    ],
)
def test_a_measure_is_said_with_its_unit(fact: str, value: FactValue, words: str | None) -> None:
    assert in_words(fact, value) == words


@pytest.mark.parametrize(("value", "words"), [(0.0004, "0.4 ms"), (0.999, "999 ms"), (1, "1 s"), (61.24, "61.2 s")])
def test_a_time_is_written_for_a_person(value: float, words: str) -> None:
    assert seconds(value) == words
