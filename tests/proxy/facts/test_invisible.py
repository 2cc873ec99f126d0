from __future__ import annotations

import unicodedata

import pytest

from proxy.facts.invisible import HIDES, UNSEEN, carried, parted


def test_every_control_and_format_letter_is_unseen_unless_it_is_a_space() -> None:
    letters = (chr(code) for code in range(0x110000))
    assert {
        ord(letter) for letter in letters if unicodedata.category(letter) in {"Cc", "Cf"} and not letter.isspace()
    } <= UNSEEN


@pytest.mark.parametrize("letter", [*"aä密 \t\n\r", "\u00a0", "\u3000", "\u0301", "\U0001f600"], ids=ascii)
def test_what_is_seen_or_is_a_space_is_not(letter: str) -> None:
    assert ord(letter) not in UNSEEN


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("plain", []),
        ("a\u200b b", []),
        ("\u2764\ufe0f", []),
        ("a\u200b\u200bb", ["a b"]),
        ("a\u200bb\u2060c", ["a b c", "a b\u2060c", "a\u200bb c"]),
    ],
)
def test_unseen_letters_between_two_others_may_be_spaces(text: str, forms: list[str]) -> None:
    assert parted(text) == forms


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("plain", ([], False)),
        ("\U000e0068\U000e0069\U000e0021", (["hi!"], False)),
        ("\U000e0158\U000e0159\U000e0111", (["hi!"], False)),
        ("\ufe0f\ufe0f\ufe0f", ([], False)),
        ("\U000e01ef" * (HIDES + 1), ([], True)),
        ("\u200b" * (2 * HIDES + 1), ([], True)),
        ("\u200b" * HIDES, ([], False)),
    ],
)
def test_tags_are_ascii_selectors_are_bytes_and_a_long_run_of_anything_else_is_told(
    text: str, found: tuple[list[str], bool]
) -> None:
    assert carried(text) == found
