from __future__ import annotations

import pytest

from proxy.pipeline.spelling import plainly

CYRILLIC = "\u0410\u043d\u043d\u0430"  # three of its letters look Latin


@pytest.mark.parametrize("text", ["Anna", "\uff21nna", "An\u200bna", "\u00c1nna"])
def test_what_looks_the_same_is_spelled_the_same(text: str) -> None:
    assert plainly(text) == "Anna"


def test_look_alikes_are_read_as_what_they_look_like() -> None:
    assert plainly(CYRILLIC).casefold() == "ahha"
