from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.pipeline.spelling import plainly
from proxy.sticky.fingerprints import LONG, Caller, Conversation, folded
from proxy.sticky.turns import Turn

KEY = b"k" * 32
LETTER = "My name is Anna Berg, and I was born in Graz."


def conversation(*said: str, caller: str = "", key: bytes = KEY) -> Conversation:
    talk = Conversation(Caller(key, caller, plainly))
    for text in said:
        talk.add(Turn((text,)))
    return talk


def prints(*texts: str, caller: str = "", key: bytes = KEY) -> list[bytes]:
    return sorted(Caller(key, caller, plainly).known_alone(Turn(texts).pieces))


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
    plain = plainly(text)
    words = plain.casefold().split()
    assert folded(plain) == ("".join(words).encode(), len(" ".join(words)) >= LONG)


def test_characters_that_no_encoding_has_are_taken_too() -> None:
    assert len(prints("\ud800" * LONG, caller="\ud800")) == 1
    assert unicodedata.category("\ud800") == "Cs"


def test_parts_are_known_alone_and_joined_however_they_are_joined() -> None:
    first, second = LETTER[:22], LETTER[22:]
    assert prints(first, second) == sorted([*prints(first), *prints(second), *prints(LETTER)])
    assert prints(LETTER) == prints(f"{first}\n\n{second}")


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


@pytest.mark.parametrize(("text", "known"), [("PIN 4711", True), ("I am Anna", True), ("hi", False), ("Anna", False)])
def test_a_first_message_is_a_run_by_itself_if_it_could_be_told_from_others(text: str, known: bool) -> None:
    assert (conversation(text).run() is not None) == known


@pytest.mark.parametrize("text", ["Hello, how are you?", "Good morning!", "Thank you, go on.", "please continue", "?!"])
def test_a_greeting_is_no_run_however_long(text: str) -> None:
    assert conversation(text).run() is None


def test_a_quote_of_a_line_has_the_fingerprint_of_the_line() -> None:
    line = "Anna Berg of Graz owes 5000 euro to the bank since last May"
    (alone,) = set(prints(f"> *{line}*")) & set(prints(f"Dear all,\n\n{line}.\nYours"))
    assert alone in prints(line)


def test_phrases_are_known_of_users_and_not_of_models() -> None:
    caller, phrase = Caller(KEY, "", plainly), "Let me know if you have any questions or need anything else!"
    assert len(list(caller.known_alone([phrase]))) == 2
    assert list(caller.known_alone([phrase], of_reply=True)) == []
    found = list(caller.known_alone([f"Anna Berg was born in Graz in 1983.\n\n{phrase}"], of_reply=True))
    assert caller.of(b"letmeknowifyouhaveanyquestionsorneedanythingelse") not in found


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
