from __future__ import annotations

from typing import Any

import pytest

from proxy.facts.strings import are_ids, gather


@pytest.mark.parametrize(
    ("document", "texts"),
    [
        ({"a": "b"}, ["a: b"]),
        ({"content": "b"}, ["b"]),
        ({"a": {"b": 1}}, ["a", "a: 1", "b: 1"]),
        ({"a": [True, None]}, ["a"]),
        ({"a": True, "b": None, "c": 1.5}, ["a", "b", "c: 1.5"]),
        (["x", "y"], ["x", "y", "xy", "x y"]),
        ({"content": [{"text": "x"}, {"text": "y"}]}, ["content", "x", "y", "xy", "x y"]),
        ({"a": '{"b": "\\u0063"}'}, ['a: {"b": "\\u0063"}', "b: c"]),
        (5, []),
    ],
)
def test_strings_come_in_order_each_beside_its_key(document: Any, texts: list[str]) -> None:
    assert gather(document).texts == texts


def test_a_parameter_named_password_is_no_password_but_its_default_is() -> None:
    schema = {"properties": {"password": {"type": "string", "description": "of the user"}}}
    assert "password: of the user" not in gather(schema).texts
    schema["properties"]["password"]["default"] = "hunter2"
    assert "password: hunter2" in gather(schema).texts
    assert "password: hunter2" in gather({"password": {"type": "plain", "is": "hunter2"}}).texts


@pytest.mark.parametrize(
    ("document", "ids"),
    [
        ({"prompt": [5]}, [([5], True)]),
        ({"input": [[5], [6, 7]]}, [([5], True), ([6, 7], True)]),
        ({"x": [1, 2, 3]}, []),
        ({"x": [1, 2, 3, 4]}, [([1, 2, 3, 4], False)]),
        ({"x": [1, 2, 3, 4.5]}, []),
        ({"x": [1, 2, 3, True]}, []),
        ({"prompt": []}, []),
    ],
)
def test_lists_of_numbers_that_may_be_a_text_are_kept(document: Any, ids: list[Any]) -> None:
    assert gather(document).ids == ids


def test_numbers_are_still_numbers() -> None:
    assert "1 2 3 4" in gather({"x": [1, 2, 3, 4]}).texts
    assert "x: 4" in gather({"x": [1, 2, 3, 4]}).texts
    assert "x: 4" not in gather({"x": [1, 2, 3, 4] * 50}).texts


@pytest.mark.parametrize(
    ("items", "expected"), [([1], True), ([], False), ([False], False), (["1"], False), ([1, "a"], False)]
)
def test_ids_are_whole_numbers(items: list[Any], expected: bool) -> None:
    assert are_ids(items) is expected
