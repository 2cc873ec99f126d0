from __future__ import annotations

from typing import Any

import pytest

from proxy.sticky.leaves import every_text, leaves, text_of, unsealed

TEXT = "I am Anna"


@pytest.mark.parametrize(
    "document",
    [
        {"messages": [{"role": "system", "content": TEXT}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": TEXT}]}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "I am "}, {"text": "Anna"}]}]},
        {"messages": [{"role": "user", "content": ["I am", " An", "na"]}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": '{"who": "I am Anna"}'}}]}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": {"who": [TEXT]}}}]}]},
        {"messages": [{"role": "tool", "content": '{"inner": "[\\"I am Anna\\"]"}'}]},
        {"messages": [], "metadata": {"note": TEXT}},
        {"messages": [], "instructions": TEXT, "input": [{"content": "x"}]},
        {"messages": [], "input": [{"content": [{"type": "input_text", "text": TEXT}]}]},
        {"messages": [], "tools": [{"function": {"description": TEXT}}]},
        {"messages": [], TEXT: 1},
        {"messages": [], "x": {"y": [[{"z": {TEXT: None}}]]}},
    ],
)
def test_a_text_is_found_wherever_it_stands(document: dict[str, Any]) -> None:
    assert TEXT in every_text(document)


def test_neighbours_are_joined_as_a_line_and_as_lines() -> None:
    assert {"ab", "a\nb"} <= set(every_text([{"text": "a"}, {"image": 1}, "b"]))
    assert every_text(["a"]) == ["a"]


def test_leaves_come_in_order_and_without_keys() -> None:
    assert leaves({"b": ["1", {"a": "2"}], "c": "3", "d": 4, "e": None}) == ["1", "2", "3"]
    assert leaves('{"a": "b"}') == ['{"a": "b"}']
    assert leaves('{"a": "b"}', opened=True) == ['{"a": "b"}', "b"]


@pytest.mark.parametrize("text", ["", "a", "[1", "{}}", '"a"', "12", "[" * 5_000, '["\\ud800"'])
def test_what_is_no_json_of_its_own_stays_shut(text: str) -> None:
    assert unsealed(text) is None


def test_depth_is_no_end() -> None:
    document: Any = TEXT
    for _ in range(5_000):
        document = {"a": [document]}
    assert TEXT in every_text(document)


def test_a_text_part_has_a_text() -> None:
    assert [text_of(part) for part in ({"text": "a"}, "b", {"text": 3}, 4, None)] == ["a", "b", None, None, None]
