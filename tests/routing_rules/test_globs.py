from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules.globs import is_glob, matches

LETTERS = st.text(alphabet="abAB[\n.", max_size=12)
PATTERNS = st.text(alphabet="abAB[\n.*?", max_size=12)


def by_regex(pattern: str, text: str) -> bool:
    """What a glob means, said once more: slow for some patterns, but short enough to be seen to be right."""
    wildcards = {"*": ".*", "?": "."}
    regex = "".join(wildcards.get(letter) or re.escape(letter) for letter in pattern.casefold())
    return re.fullmatch(regex, text.casefold(), re.DOTALL) is not None


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("gpt-*", "gpt-4o", True),
        ("gpt-*", "GPT-4o", True),
        ("GPT-4O", "gpt-4o", True),
        ("gpt-*", "my-gpt-4o", False),
        ("*gpt*", "my-gpt-4o", True),
        ("gpt-?o", "gpt-4o", True),
        ("gpt-?o", "gpt-4.1o", False),
        ("*", "", True),
        ("**", "", True),
        ("a**", "ba", False),
        ("**a", "ab", False),
        ("?", "", False),
        ("", "", True),
        ("", "a", False),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "a-c-b", False),
        ("*.internal", "ollama.internal", True),
        ("*.internal", "ollama.internal.example.com", False),
        ("llama3.1:*", "llama3.1:8b", True),
        ("a.c", "abc", False),
        ("[ab]", "a", False),
        ("[ab]", "[ab]", True),
        ("a\\*", "a*", False),
        ("straße", "STRASSE", True),
    ],
)
def test_a_glob_knows_two_wildcards_and_takes_all_else_as_it_is(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected


@given(PATTERNS, LETTERS)
def test_it_agrees_with_the_regex_that_says_the_same(pattern: str, text: str) -> None:
    assert matches(pattern, text) is by_regex(pattern, text)


@given(LETTERS)
def test_a_text_without_wildcards_matches_itself(text: str) -> None:
    assert matches(text, text)


@given(st.lists(LETTERS, max_size=5))
def test_stars_match_whatever_stands_between_the_pieces(pieces: list[str]) -> None:
    assert matches("*".join(pieces), "ba[\n".join(pieces))


@pytest.mark.parametrize("pattern", ["*a" * 40 + "*b", "a*" * 40 + "b", "*" * 200 + "b", "?*" * 40 + "b"])
def test_no_pattern_blows_up(pattern: str) -> None:
    # A backtracking matcher would still be busy with the first of these when the sun goes out.
    assert not matches(pattern, "a" * 2_000)
    assert matches(pattern, "a" * 2_000 + "b")


@pytest.mark.parametrize(("pattern", "expected"), [("gpt-*", True), ("gpt-4?", True), ("gpt-4o", False), ("", False)])
def test_a_glob_is_known_by_its_wildcards(pattern: str, expected: bool) -> None:
    assert is_glob(pattern) is expected
