from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules import Rewrite
from routing_rules.rewrite import NO_REWRITE, RESERVED

FIELDS = st.dictionaries(st.sampled_from("abcde"), st.integers() | st.none(), max_size=5)


@pytest.mark.parametrize(
    ("rewrite", "fields", "expected"),
    [
        (NO_REWRITE, {"a": 1}, {"a": 1}),
        (Rewrite(set={"a": 2}), {"a": 1, "b": 1}, {"a": 2, "b": 1}),
        (Rewrite(set={"c": 2}), {"a": 1}, {"a": 1, "c": 2}),
        (Rewrite(default={"a": 2}), {"a": 1}, {"a": 1}),
        (Rewrite(default={"a": 2}), {"a": None}, {"a": None}),
        (Rewrite(default={"a": 2}), {}, {"a": 2}),
        (Rewrite(drop=("a",)), {"a": 1, "b": 1}, {"b": 1}),
        (Rewrite(drop=("z",)), {"a": 1}, {"a": 1}),
        (Rewrite(drop=("a",), default={"a": 2}), {"a": 1}, {"a": 2}),
        (Rewrite(default={"a": 2}, set={"a": 3}), {}, {"a": 3}),
        (Rewrite(drop=("a",), set={"a": 3}), {"a": 1}, {"a": 3}),
    ],
)
def test_a_field_is_dropped_then_defaulted_then_set(
    rewrite: Rewrite, fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert rewrite.apply(fields) == expected


@given(FIELDS, FIELDS, FIELDS, st.lists(st.sampled_from("abcde")))
def test_fields_that_no_rewrite_names_keep_their_value_and_their_place(
    fields: dict[str, Any], new: dict[str, Any], default: dict[str, Any], drop: list[str]
) -> None:
    before = dict(fields)
    rewritten = Rewrite(set=new, default=default, drop=tuple(drop)).apply(fields)
    untouched = [name for name in fields if name not in new and name not in drop]
    assert [name for name in rewritten if name in untouched] == untouched
    assert all(rewritten[name] == fields[name] for name in untouched)
    assert fields == before


@pytest.mark.parametrize("rewrite", [Rewrite(set={"a": 1}), Rewrite(default={"a": None}), Rewrite(drop=("a",))])
def test_a_rewrite_that_does_something_is_true(rewrite: Rewrite) -> None:
    assert rewrite


def test_a_rewrite_that_does_nothing_is_false() -> None:
    assert not NO_REWRITE


def test_what_decides_where_a_request_goes_is_reserved() -> None:
    assert {"model", "messages", "stream", "stream_options"} == RESERVED
