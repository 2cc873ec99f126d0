from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.facts.letters import normalise
from proxy.sticky.fingerprints import LONG, Conversation, folded
from proxy.sticky.turns import Turn

KEY = b"k" * 32
LETTER = "My name is Anna Berg, and I was born in Graz."


def conversation(*said: str, caller: str = "", key: bytes = KEY) -> Conversation:
    talk = Conversation(key, caller, normalise)
    for text in said:
        talk.add(Turn((text,)))
    return talk


def prints(*texts: str, caller: str = "", key: bytes = KEY) -> list[bytes]:
    return conversation(caller=caller, key=key).add(Turn(texts))


def test_a_long_message_has_a_fingerprint_of_its_own() -> None:
    (one,) = prints(LETTER)
    assert len(one) == 16
    assert prints(LETTER) == [one]
    assert prints(LETTER + "!") != [one]


@pytest.mark.parametrize(
    ("text", "long"),
    [
        ("a" * LONG, True),
        ("a" * (LONG - 1), False),
        ("My name is Anna Berg", True),
        ("I am in it to win it", True),
        ("ä am in it to win it", True),
        ("My name is Anna Ber", False),
        ("I am   in  it \n\n to win", False),
        ("", False),
        (" \n\t" * 20, False),
        ("\u2003" * 40, False),
        ("\u200b" * 40, False),
    ],
)
def test_a_message_is_long_by_its_letters_with_spaces_counted_once(text: str, long: bool) -> None:
    assert len(prints(text)) == long


@pytest.mark.parametrize(
    "other",
    [
        LETTER.upper(),
        f"  {LETTER}\n",
        LETTER.replace(" ", "\n\n  "),
        LETTER.replace(" ", "\u00a0"),
        LETTER.replace("name", "na\u200bme"),
        LETTER.replace("Anna", "\uff21nna"),
    ],
)
def test_spelling_that_a_client_changes_does_not_count(other: str) -> None:
    assert prints(other) == prints(LETTER)


@given(st.text())
def test_ascii_is_folded_as_all_other_text_is(text: str) -> None:
    plain = normalise(text)
    words = plain.casefold().split()
    assert folded(text, normalise) == ("".join(words).encode(), len(" ".join(words)) >= LONG)


def test_characters_that_no_encoding_has_are_taken_too() -> None:
    assert len(prints("\ud800" * LONG, caller="\ud800")) == 1
    assert unicodedata.category("\ud800") == "Cs"


def test_parts_are_known_alone_and_joined_however_they_are_joined() -> None:
    first, second = LETTER[:22], LETTER[22:]
    alone, other, joined = prints(first, second)
    assert [alone, other] == [*prints(first), *prints(second)]
    assert [joined] == prints(LETTER) == prints(f"{first}\n\n{second}")


def test_callers_and_keys_share_nothing() -> None:
    seen = [prints(LETTER)[0], prints(LETTER, caller="a")[0], prints(LETTER, key=b"x" * 32)[0]]
    runs = [conversation("a", "b").run(), conversation("a", "b", caller="a").run()]
    assert len({*seen, *runs}) == 5
    # A caller's name and a text are kept apart.
    assert prints(LETTER, caller="ab") != prints("b" + LETTER, caller="a")


def test_a_run_of_messages_is_known_from_the_second_on() -> None:
    talk = conversation("hi")
    assert talk.run() is None
    talk.add(Turn(("hello Anna",)))
    assert talk.run() == conversation("Hi ", "Hello Anna").run()
    assert talk.run() not in {
        conversation("hi", "hello Ann").run(),
        conversation("hello Anna", "hi").run(),
        conversation("hihello", " Anna").run(),
        conversation("hi", "hello Anna", "hi").run(),
    }


def test_a_message_that_says_nothing_is_no_part_of_a_run() -> None:
    assert conversation("hi", " ").run() is None
    assert conversation("hi", "", "hello").run() == conversation("hi", "hello").run()


def test_a_copy_goes_its_own_way() -> None:
    talk = conversation("hi")
    one, other = talk.copy(), talk.copy()
    one.add(Turn(("hello",)))
    other.add(Turn(("good day",)))
    assert talk.run() is None
    assert (one.run(), other.run()) == (conversation("hi", "hello").run(), conversation("hi", "good day").run())
