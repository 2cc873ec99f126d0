from __future__ import annotations

import pytest

from routing_rules.spelling import nearest

KNOWN = ("model", "endpoint", "stream", "secrets", "header.NAME")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("modle", "model"),
        ("Model", "model"),
        ("secret", "secrets"),
        ("STREAMS", "stream"),
        ("headers.name", "header.NAME"),
        ("temperature", None),
        ("", None),
    ],
)
def test_a_misspelt_name_finds_what_was_meant(name: str, expected: str | None) -> None:
    assert nearest(name, KNOWN) == expected


def test_nothing_is_near_where_nothing_is_known() -> None:
    assert nearest("model", ()) is None


def test_the_name_comes_back_as_it_is_written() -> None:
    assert nearest("openai_target", ["OpenAI-Target"]) == "OpenAI-Target"
