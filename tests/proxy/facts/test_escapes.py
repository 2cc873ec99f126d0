from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.facts.escapes import undone, unquote


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\\u0061", "a"),
        ("\\u{1f600}", "\U0001f600"),
        ("\\ud83d\\ude00", "\U0001f600"),
        ("\\U0001f600", "\U0001f600"),
        ("\\u{ffffff}", "\\u{ffffff}"),
        ("\\u00", "\\u00"),
        ("\\n\\\"\\'\\/\\\\", "\n\"'/\\"),
        ("\\x61\\xc3\\xa4\\xe4", "a\u00c3\u00a4\u00e4"),
        ("\\xc3\\xa4", "\u00e4"),
        ("\\141\\142", "ab"),
        ("\\1 \\g", "\\1 \\g"),
        ("%61%c3%a4 100%", "a\u00e4 100%"),
        ("&#97;&#x61;&auml;&amp;#97;", "aa\u00e4&#97;"),
        ("=61=C3=A4 a=b", "a=C3=A4 a=b"[:1] + "\u00e4 a=b"),
        ("so=\r\nft", "soft"),
        ("x == 5, y=7", "x == 5, y=7"),
    ],
)
def test_each_escape_is_undone_once(text: str, plain: str) -> None:
    assert undone(text) == plain


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    assert isinstance(undone(text), str)


@pytest.mark.parametrize("text", ["", "plain", "5 > 3"])
def test_a_text_without_escapes_stays_the_same_object(text: str) -> None:
    assert undone(text) is text


def test_percent_encoding_is_undone_once() -> None:
    assert unquote("a%20b+c%2561") == "a b c%61"
    assert unquote("%zz%") == "%zz%"
