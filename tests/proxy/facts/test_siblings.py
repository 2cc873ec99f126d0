from __future__ import annotations

from typing import Any

import pytest

from proxy.facts.siblings import is_schema, near, paired, rows


@pytest.mark.parametrize(
    ("table", "lines"),
    [
        ({"name": "db", "value": "x"}, ["db: x"]),
        ({"Key": "db", "Val": 5}, ["db: 5"]),
        ({"name": "db", "value": {"a": "x", "b": {}, "c": ["y"]}}, ["db: x"]),
        ({"name": "db", "values": ["x", "y", []]}, ["db: x", "db: y"]),
        ({"name": "db", "value": None}, []),
        ({"name": "db", "value": True}, []),
        ({"name": 5, "value": "x"}, []),
        ({"name": "db"}, []),
        ({"name": "get_password", "role": "tool", "content": "no such user"}, []),
        ({"name": "db", "role": "tool", "content": "x"}, ["db: x"]),
        ({"columns": ["a", "db"], "rows": [[1, "x"], [2, "y"], [3]]}, ["a: 1", "db: x", "a: 2", "db: y"]),
        ({"header": [{"name": "db"}, 5], "data": [["x", "y"]]}, ["db: x"]),
    ],
)
def test_a_name_stands_beside_the_value_of_another_field(table: dict[str, Any], lines: list[str]) -> None:
    assert list(paired(table)) == lines


@pytest.mark.parametrize(
    ("items", "lines"),
    [
        ([["a", "b"]], ["a: b"]),
        ([["who", "db"], ["bob", "x"]], ["who: db", "bob: x", "who: bob", "db: x"]),
        ([["a", "b", "c"]], []),
        (["a", "b"], []),
        ([["a", "b"], 5], []),
        ([[1, 2], [3, 4]], []),
    ],
)
def test_rows_of_two_and_rows_below_a_header_are_names_and_values(items: list[Any], lines: list[str]) -> None:
    assert list(rows(items)) == lines


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ({"a": {"b": {"c": "x"}}}, ["k: x"]),
        ({"a": {"b": {"c": {"d": {"e": "x"}}}}}, []),
        ([["x"], "y"], ["k: x", "k: y"]),
        ({"a": None, "b": True, "c": "x" * 300}, []),
        ([1] * 100, []),
        ({"type": "string", "description": "x", "default": "y"}, ["k: y"]),
        ({"anyOf": [{"type": "string"}], "title": "K", "examples": ["y"]}, ["k: y"]),
        ({"type": "string", "hidden": "y"}, ["k: y"]),
    ],
)
def test_a_key_names_what_lies_below_it_unless_that_describes_it(value: Any, lines: list[str]) -> None:
    assert list(near("k", value)) == lines


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"type": "string"}, True),
        ({"type": ["string", "null"]}, True),
        ({"$ref": "#/x"}, True),
        ({"type": "text"}, False),
        ({"value": "x"}, False),
    ],
)
def test_a_schema_is_known_by_its_keywords(table: dict[str, Any], expected: bool) -> None:
    assert is_schema(table) is expected
