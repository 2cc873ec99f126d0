from __future__ import annotations

import re

import pytest

from proxy.facts.markup import ANY, AROUND, changed, joined, unmarked
from proxy.facts.scanning import scan


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("a p a s s w o r d!", "password"),
        ("p.a.s.s.w.o.r.d", "password"),
        ("p a s s  i s", "pass is"),
        ("pass<b>word</b>", "password"),
        ("pass</b>word", "pass word"),
        ("pass<!-- x -->word", "password"),
        ("**pass**word", "password"),
        ("my_ _pass_ `word`", "my pass word"),
        ("'pass' + 'word'", "'password'"),
        ("'pass' .. f'word'", "'password'"),
        ('"pass"\n  + "word"', '"password"'),
    ],
)
def test_what_is_taken_apart_is_put_together(text: str, reading: str) -> None:
    assert reading in "\n".join(joined(text))
    assert scan("|".join(ANY)).search(text.encode())


@pytest.mark.parametrize(
    "text",
    ["", "plain words", "1 2 3 4 5 6 7 8", "a b c", 'it\'s "fine", he said', "x < 5 > 3", "a, b and c", "snake_case"],
)
def test_what_is_whole_has_no_other_reading(text: str) -> None:
    assert joined(text) == []


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("pass-word", "password"),
        ("my p-a.s_s*w~o|r+d is", "my password is"),
        ("pass-\r\n  word", "password"),
        ("c\u00e1-f\u00e9", "c\u00e1f\u00e9"),
        ("pass--word", "password"),
    ],
)
def test_marks_inside_of_words_are_taken_out(text: str, reading: str) -> None:
    assert unmarked(text) == [reading]


@pytest.mark.parametrize("text", ["", "a - b", "end. Next", "2024-07-18", "- item\n- item", "x = -y", "a-1"])
def test_marks_between_words_and_numbers_stay(text: str) -> None:
    assert unmarked(text) == []


def test_only_what_stands_around_a_mark_is_written_again() -> None:
    text = "word " * 200 + "pass-word " + "word " * 200
    (reading,) = unmarked(text)
    assert " password " in reading
    assert 2 * AROUND <= len(reading) < 4 * AROUND


def test_a_cut_out_begins_and_ends_no_word_and_no_line() -> None:
    readings = unmarked(("compass " * 50 + "well-known " + "passage " * 50) * 3)
    assert len(readings) == 3
    for reading in readings:
        assert set(reading.split()) == {"compass", "wellknown", "passage"}
        assert not re.search("^compass|passage$", reading)


def test_a_cut_out_from_the_beginning_of_a_line_begins_with_it() -> None:
    assert unmarked("first line\npass-word is") == ["first line\npassword is"]
    assert re.search("(?m)^password", unmarked("x" * 1_000 + "\npass-word is")[0])


def test_only_lines_that_differ_are_given() -> None:
    assert changed("a\nb\nc", "a\nx\nc") == ["x"]
    assert changed("a", "a") == []
    assert changed("a\nb", "a") == []
