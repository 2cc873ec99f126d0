from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from proxy.facts import fields
from routing_rules import UNKNOWN, FactValue

Fact = Callable[[dict[str, Any]], FactValue]


@pytest.mark.parametrize(
    ("fact", "document", "expected"),
    [
        (fields.max_tokens, {}, None),
        (fields.max_tokens, {"max_tokens": 5}, 5),
        (fields.max_tokens, {"max_tokens": 5, "max_completion_tokens": 9}, 9),
        (fields.max_tokens, {"max_output_tokens": 7, "max_tokens": None}, 7),
        (fields.max_tokens, {"max_tokens": "5"}, UNKNOWN),
        (fields.max_tokens, {"max_tokens": True}, UNKNOWN),
        (fields.messages, {"messages": [{"role": "user"}, {"role": "system"}]}, 2),
        (fields.messages, {"messages": []}, 0),
        (fields.messages, {"input": "x"}, 1),
        (fields.messages, {"prompt": "x"}, None),
        (fields.turns, {"messages": [{"role": "user"}, {"role": "assistant"}, {"role": "user"}]}, 2),
        (fields.turns, {"input": "x"}, 1),
        (fields.turns, {}, None),
        (fields.response_format, {}, None),
        (fields.response_format, {"response_format": {"type": "json_object"}}, "json_object"),
        (fields.response_format, {"text": {"format": {"type": "json_schema"}}}, "json_schema"),
        (fields.response_format, {"response_format": "srt"}, "srt"),
        (fields.response_format, {"text": "x"}, None),
        (fields.reasoning_effort, {}, None),
        (fields.reasoning_effort, {"reasoning_effort": "low"}, "low"),
        (fields.reasoning_effort, {"reasoning": {"effort": "high"}}, "high"),
        (fields.user, {}, None),
        (fields.user, {"user": "anna"}, "anna"),
        (fields.user, {"safety_identifier": "anna"}, "anna"),
        (fields.user, {"user": "anna", "safety_identifier": "anna"}, "anna"),
        (fields.user, {"user": "anna", "safety_identifier": "legal"}, ("anna", "legal")),
        (fields.user, {"user": 5}, "5"),
        (fields.user, {"user": " anna\n"}, "anna"),
    ],
)
def test_a_field_is_read_wherever_an_endpoint_has_it(fact: Fact, document: dict[str, Any], expected: object) -> None:
    assert fact(document) == expected


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ([None], None),
        ([["team"]], None),
        ([{"team": "a"}], "a"),
        ([{"Team": "a"}, {"team": None}], "a"),
        ([{"team": "a"}, {"team": "a"}], "a"),
        ([{"team": "a"}, {"TEAM": "b"}], "a, b"),
        ([{"team": True}], "true"),
        ([{"team": 5}], "5"),
        ([{"team": ["a"]}], "a"),
        ([{"team": ["a", ["b", None], 5, {"c": 1}]}], 'a, b, 5, {"c":1}'),
        ([{" team ": " a "}], "a"),
        ([{"other": "a"}], None),
    ],
)
def test_a_member_has_every_value_that_any_table_gives_it(tables: list[object], expected: str | None) -> None:
    assert fields.member(tables, "team") == expected
