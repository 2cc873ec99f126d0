from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.facts.letters import folded, is_plain, normalise


@pytest.mark.parametrize("text", ["", "a~ \t\n\r", "~"])
def test_printable_ascii_is_plain_and_stays_the_same_object(text: str) -> None:
    assert is_plain(text)
    assert normalise(text) is text
    assert folded(text) is text


@pytest.mark.parametrize("text", ["\x00", "\x7f", "\x0b", "é", "\u200b", "\x85"])
def test_anything_else_is_not(text: str) -> None:
    assert not is_plain(text)


@given(st.text())
def test_a_normalised_text_is_in_nfkc_can_be_encoded_and_stays_as_it_is(text: str) -> None:
    once = normalise(text)
    assert unicodedata.is_normalized("NFKC", once)
    assert once.encode().decode() == once
    assert normalise(once) == once


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    once = folded(normalise(text))
    assert folded(once) == once


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("r\u00e9sum\u00e9", "resume"),
        ("stra\u00dfe", "strasse"),
        ("\u0440\u0430\u0455\u0455", "pass"),
        ("\u0661\u0662\u0663", "123"),
        ("\U0001d7d8", "0"),
        ("sk\u2010x", "sk-x"),
        ("p\u0336a\u0336", "pa"),
        ("\u5bc6\u7801", "\u5bc6\u7801"),
        ("\ube44\ubc00", "\ube44\ubc00"),
        ("\u201cquoted\u201d \u2014 dashed", "\u201cquoted\u201d \u2014 dashed"),
        ("\U0001f600", "\U0001f600"),
    ],
)
def test_a_folded_text_has_the_latin_letters_that_it_looks_like(text: str, expected: str) -> None:
    assert folded(normalise(text)) == expected


def test_dense_and_sparse_look_alikes_fold_the_same() -> None:
    assert folded("\u0430" * 9 + "x" * 90) == "a" * 9 + "x" * 90
    assert folded("\u0430" * 90) == "a" * 90
