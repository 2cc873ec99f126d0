from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.facts.slices import SLICE, slices


@given(st.text(alphabet="a \n"), st.integers(1, 3_000))
def test_slices_make_up_the_text(unit: str, times: int) -> None:
    text = unit * times
    assert "".join(slices(text)) == text
    assert all(len(piece) <= SLICE for piece in slices(text))


@pytest.mark.parametrize(
    ("text", "first"),
    [("short", 5), ("", 0), ("a" * 2 * SLICE, SLICE), ("abc " * SLICE, SLICE), ("a b\n" * SLICE, SLICE)],
)
def test_a_slice_ends_with_a_line_or_a_word_where_there_is_one(text: str, first: int) -> None:
    assert len(next(slices(text))) == first
    assert next(slices("x" * (SLICE - 100) + "\ny " + "z" * SLICE)).endswith("x\n")


def test_a_slice_goes_on_into_the_next() -> None:
    first, second = slices("ab " * (SLICE // 2), overlap=7)
    assert first[-7:] == second[:7]
