from __future__ import annotations

import pytest

from proxy.facts.seams import across, joined


@pytest.mark.parametrize(
    ("parts", "texts"),
    [
        ([], []),
        (["a"], []),
        (["a", "b"], ["ab", "a b"]),
        (["pa", "ss", "word"], ["password", "pa ss word"]),
        (["db:", "x1y2"], ["db:x1y2", "db: x1y2", "db: x1y2"]),
    ],
)
def test_parts_are_joined_with_and_without_a_space(parts: list[str], texts: list[str]) -> None:
    assert joined(parts) == texts


def test_of_long_parts_only_the_ends_are_joined() -> None:
    long = "word " * 1_000
    texts = joined([long + "my pass", "word is x1y2 " + long, "and so on"])
    assert any("my password is x1y2 word" in text for text in texts)
    assert any(text.endswith("word and so on") for text in texts)
    assert max(map(len, texts)) < 500
    assert joined(["x" * 1_000, "y" * 1_000]) == ["x" * 200 + "y" * 200, "x" * 200 + " " + "y" * 200]


def test_a_sentence_that_is_left_open_goes_on_in_the_next_message() -> None:
    messages = [("user", "my password"), ("assistant", "Yes?"), ("user", "is x1y2")]
    assert across(messages) == ["my password Yes?", "my passwordYes?", "my password is x1y2", "my passwordis x1y2"]


@pytest.mark.parametrize("texts", [["The end.", "x"], ["", "x"], ["x", " "], ["one"], []])
def test_a_sentence_that_has_ended_does_not(texts: list[str]) -> None:
    assert across(("user", text) for text in texts) == []


def test_a_name_and_its_value_may_be_two_messages() -> None:
    assert "db: x1y2" in across([("user", "db?"), ("assistant", "x1y2")])
    assert "a very long name that is none: x1y2" not in across(
        [("user", "a very long name that is none"), ("a", "x1y2")]
    )
