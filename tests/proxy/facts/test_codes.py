from __future__ import annotations

from typing import Any

import pytest

from proxy.facts.codes import from_numbers, from_text, whole_numbers


@pytest.mark.parametrize(
    ("items", "numbers"),
    [
        ([1, 2], [1, 2]),
        ([1.0, "2", [3]], [1, 2, 3]),
        ([1.5], None),
        ([True], None),
        ([float("inf")], None),
        (["12345678"], None),
        (["\u0661"], None),
        ([[1, 2]], None),
        (["a"], None),
        ([{}], None),
        ([], []),
    ],
)
def test_numbers_are_whole_however_they_are_written(items: list[Any], numbers: list[int] | None) -> None:
    assert whole_numbers(items) == numbers


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([104, 105, 33, 33], "hi!!"),
        ([104, 105, 33], None),
        ([*"h\u00e4\u00e4".encode(), 33], "h\u00e4\u00e4!"),
        ([0x5BC6, 0x7801, 0x5BC6, 0x7801], "\u5bc6\u7801\u5bc6\u7801"),
        ([0xD800, 65, 65, 65], None),
        ([-1, 65, 65, 65], None),
        ([0x110000, 65, 65, 65], None),
        ([1, 2, 3, 4], None),
    ],
)
def test_numbers_are_bytes_or_code_points_of_a_text_or_none(numbers: list[int], text: str | None) -> None:
    assert from_numbers(numbers) == text


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("so: 112 97 115 115 119 111 114 100.", ["password"]),
        ("112,97,115,115,119,111,114,100", ["password"]),
        ("01110000 01100001\n0111001101110011", ["pass"]),
        ("10 20 30", []),
        ("on 2024-07-18 at 10:30", []),
    ],
)
def test_rows_of_numbers_in_a_text_are_read(text: str, texts: list[str]) -> None:
    assert from_text(text.encode()) == texts
