from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.sticky.quotes import LONG_QUOTE, quotable

LINE = "anna berg of graz owes 5000 euro to the bank since may"
LETTERS = b"annabergofgrazowes5000eurotothebanksincemay"


@pytest.mark.parametrize(
    "text",
    [
        LINE,
        f"dear all,\n{LINE}\nyours",
        f"dear all,\r\n{LINE}\r\nyours",
        f"well. {LINE}. and so on",
        f"well: {LINE}! and so on",
        f'what does "{LINE}" mean?',
        f"what does “{LINE}” mean",
        f"> {LINE}",
        f"> > | {LINE}",
        f"  - **{LINE}**",
        f"12. {LINE}",
        f"  7:\t{LINE}",
        LINE.replace(" ", "   "),
        "well.\n\n" + LINE.replace(" of ", " of\n") + "\n\nand so on",
        "> well.\n> \n> " + LINE.replace(" of ", " of\n> ") + "\n>\n> and so on",
        f"print('well.\\n{LINE}\\n')",
        f"import os\n{LINE}",
    ],
)
def test_a_line_is_found_in_what_quotes_it(text: str) -> None:
    assert LETTERS in quotable(text)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a" * LONG_QUOTE, {b"a" * LONG_QUOTE}),
        ("a" * (LONG_QUOTE - 1), set()),
        (". ".join(["a" * 30] * 3), {b"a" * 90}),
        ("-" * 100, set()),
        ("from __future__ import annotations\n" * 3, set()),
        ("licensed under the apache license, version 2.0 (the license);", set()),
        ("ü" * LONG_QUOTE, {"ü".encode() * LONG_QUOTE}),
        ("ü" * (LONG_QUOTE - 1), set()),
        ("安" * 20, {"安".encode() * 20}),
        ("安" * 19, set()),
        ("安" * 20 + "。" + "好" * 19, {"安".encode() * 20, ("安" * 20 + "好" * 19).encode()}),
        ("\ud800" + "a" * 40, {b"a" * 40}),
        ("", set()),
    ],
)
def test_a_piece_is_long_by_its_letters(text: str, pieces: set[bytes]) -> None:
    assert quotable(text) == pieces


def test_sentences_go_on_over_lines_and_lines_over_sentences() -> None:
    one, other = "one " * 14, "other " * 10
    found = quotable(f"{one}\n{one}. {other}")
    assert {b"one" * 14, b"one" * 28, b"other" * 10, b"one" * 14 + b"other" * 10} <= found


words = st.text(st.characters(categories=["Ll", "Nd"]), min_size=41, max_size=60)
around = st.text(max_size=40)


@given(words, around, around)
def test_whatever_stands_around_a_paragraph_it_is_found(word: str, before: str, after: str) -> None:
    text = f"{before}\n\nx {word}\n\n{after}"
    assert quotable(f"x {word}") <= quotable(text)
