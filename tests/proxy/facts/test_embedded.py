from __future__ import annotations

import json
from typing import Any

import pytest

from proxy.facts.embedded import opened


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", []),
        ("plain", []),
        ('{"a": 1}', [{"a": 1}]),
        (' ["a"]', [["a"]]),
        ('"\\u0061"', ["a"]),
        ('"a" is a word', []),
        ('see {"a": 1} and ["b", 2], {x} [1]', [{"a": 1}, ["b", 2]]),
        ('{{"a": {"b": 1}}', [{"a": {"b": 1}}]),
        ('{"a": 1', []),
        ('{"a": "line\nbreak"} x', [{"a": "line\nbreak"}]),
        ("def f(): return {x: [y for y in z]}", []),
    ],
)
def test_json_in_a_string_is_opened(text: str, values: list[Any]) -> None:
    assert list(opened(text)) == values


def test_json_behind_many_false_starts_is_opened() -> None:
    assert list(opened('{"a ' * 50 + "x" * 2_000 + '{"a": 1}')) == [{"a": 1}]


@pytest.mark.parametrize("text", ["x" + "[" * 200_000, "x" + '{"a":' * 50_000, "x" + '{"a": 1,' * 50_000])
def test_a_text_of_false_starts_is_given_up(text: str) -> None:
    assert list(opened(text)) == []


def test_whole_json_that_is_too_deep_is_an_error() -> None:
    with pytest.raises(RecursionError):
        list(opened("[" * 100_000))


def test_a_document_that_was_pasted_twice_is_opened_twice() -> None:
    document = json.dumps({"a": [{"b": 1}]}, indent=2)
    assert list(opened(f"first\n{document}\nthen\n{document}\n")) == [{"a": [{"b": 1}]}] * 2
