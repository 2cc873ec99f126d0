from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules.toml_text import kind_of, quoted, spelt, toml

DEEP: list[object] = []
for _ in range(5_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("value", "text", "kind"),
    [
        ("a", '"a"', "a string"),
        ('say "hi"\n', '"say \\"hi\\"\\n"', "a string"),
        (True, "true", "true or false"),
        (3, "3", "a whole number"),
        (0.5, "0.5", "a number"),
        (float("nan"), "nan", "a number"),
        (["a", 5], '["a", 5]', "a list"),
        (("a",), '["a"]', "a list"),
        ({"a": {"b": False}}, "{ a = { b = false } }", "a table"),
        ({"a b": 1}, '{ "a b" = 1 }', "a table"),
        ({}, "{}", "a table"),
        (date(2026, 1, 2), "2026-01-02", "a date or time"),
        (datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "2026-01-02 03:04:00+00:00", "a date or time"),
    ],
)
def test_a_value_is_shown_as_the_file_writes_it(value: object, text: str, kind: str) -> None:
    assert (toml(value), spelt(value), kind_of(value)) == (text, text, kind)


def test_a_long_value_is_shortened() -> None:
    assert len(spelt("x" * 500)) == 60


@pytest.mark.parametrize(("value", "kind"), [([16**9_999], "a list"), (DEEP, "a list"), (None, "nothing")])
def test_a_value_that_nobody_could_write_out_is_shown_as_its_kind(value: object, kind: str) -> None:
    assert (kind_of(value), spelt(value)) == (kind, kind)


@pytest.mark.parametrize(
    "value", ["sk-proj-abcdefgh12345678", ["a", "Bearer abc"], {"x": "ghp_0123456789abcdef"}, "https://me:pw@host/v1"]
)
def test_what_looks_like_a_secret_is_not_shown(value: object) -> None:
    assert spelt(value) == kind_of(value)


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_a_quoted_string_reads_back_as_itself(text: str) -> None:
    assert tomllib.loads(f"x = {quoted(text)}")["x"] == text


VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(alphabet=st.characters(codec="utf-8")) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='ab -"\n', max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(VALUES)
def test_a_value_reads_back_as_itself(value: object) -> None:
    assert tomllib.loads(f"x = {toml(value)}")["x"] == value
