from __future__ import annotations

import multiprocessing
import pickle
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.pipeline.spelling import plainly
from proxy.sticky import stickiness as stickiness_module
from proxy.sticky import transcript as transcript_module
from proxy.sticky.fingerprints import LONG, LONG_REPLY, SHORTEST_OPENING
from proxy.sticky.stickiness import KEEP_S, Memory, Stickiness
from proxy.sticky.table import Table
from proxy.wire.sse import DONE, event
from routing_rules import Labels

PRIVATE = frozenset({"private"})
LETTER = "My name is Anna Berg, and I was born in Graz."
GREETING = {"role": "user", "content": "hi"}
NONE: Labels = frozenset()


class Clock:
    """A clock turned by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Caller:
    """One caller's words to a wye of its own."""

    def __init__(self, entries: int = 4096) -> None:
        self.clock = Clock()
        self.stickiness = Stickiness(Memory(Table.alone(entries)), plainly, now=self.clock)

    def say(self, *messages: dict[str, Any], under: Labels = PRIVATE, reply: dict[str, Any] | None = None) -> None:
        transcript = self.stickiness.remember("", document(*messages), under)
        if reply is not None:
            assert transcript is not None
            transcript.take(msgspec.json.encode({"choices": [{"index": 0, "message": reply}]}))
            transcript.end()

    def labels(self, *messages: dict[str, Any], caller: str = "") -> Labels:
        return self.stickiness.recall(caller, document(*messages)).labels


def document(*messages: dict[str, Any]) -> dict[str, Any]:
    return {"model": "m", "messages": list(messages)}


def user(text: object) -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def test_a_long_message_brings_its_labels_wherever_it_comes_again() -> None:
    me = Caller()
    me.say(user(LETTER), under=frozenset({"private", "legal"}))
    again = [user("What of this?"), user(LETTER.upper()), user("Tell me.")]
    assert me.labels(*again) == {"private", "legal"}
    assert me.labels({"role": "tool", "content": LETTER}) == {"private", "legal"}
    assert me.labels(user(f"It said: {LETTER}")) == NONE


def test_the_reason_names_the_label_and_repeats_no_text() -> None:
    me = Caller()
    me.say(user(LETTER))
    reasons = me.stickiness.recall("", document(user(LETTER))).reasons
    assert reasons == (("private", "contains a message of an earlier request labelled private"),)


def test_without_a_label_nothing_is_remembered() -> None:
    me = Caller()
    assert me.stickiness.remember("", document(user(LETTER)), NONE) is None
    assert not any(me.stickiness._table._view)
    assert me.labels(user(LETTER)) == NONE


def test_a_reply_brings_the_labels_of_its_request() -> None:
    me = Caller()
    me.say(GREETING, reply=assistant("Hello Anna Berg, how is life in Graz these days?"))
    assert me.labels(user("Hello Anna Berg, how is life in Graz these days?")) == PRIVATE
    assert me.labels(GREETING) == NONE


def test_a_greeting_that_models_give_everybody_brings_nothing_by_itself() -> None:
    me = Caller()
    me.say(GREETING, reply=assistant("Hello! How can I help you today?"))
    assert me.labels(user("good day"), assistant("Hello! How can I help you today?"), user("go on")) == NONE
    me.say(GREETING, assistant("Hello! How can I help you today?"), user("who is Anna?"))
    assert me.labels(user("good day"), assistant("Hello! How can I help you today?"), user("go on")) == NONE


def test_short_talk_is_known_by_its_run() -> None:
    me = Caller()
    me.say(GREETING, reply=assistant("hello Anna"))
    assert me.labels(GREETING, assistant("hello Anna"), user("go on")) == PRIVATE
    assert me.labels(GREETING, assistant("hello Anna"), user("go on"), assistant("ok"), user("and?")) == PRIVATE
    assert me.labels(GREETING, assistant("hello Otto"), user("go on")) == NONE
    assert me.labels(user("go on"), GREETING, assistant("hello Anna")) == NONE
    assert me.labels(assistant("hello Anna")) == NONE


def test_a_run_is_known_before_its_reply_has_come() -> None:
    me = Caller()
    me.say(GREETING, assistant("hello"), user("I am Anna"))
    assert me.labels(GREETING, assistant("hello"), user("I am Anna"), user("?")) == PRIVATE
    assert me.labels(GREETING, assistant("hello"), user("I am Otto")) == NONE


def test_every_choice_of_a_reply_may_be_gone_on_with() -> None:
    me = Caller()
    transcript = me.stickiness.remember("", document(GREETING), PRIVATE)
    assert transcript is not None
    choices = [{"index": at, "message": assistant(text)} for at, text in enumerate(("hello", "good day"))]
    transcript.take(msgspec.json.encode({"choices": choices}))
    transcript.end()
    for text in ("hello", "good day"):
        assert me.labels(GREETING, assistant(text), user("go on")) == PRIVATE


def test_instructions_leave_no_trace_and_change_none() -> None:
    me = Caller()
    instructions = {"role": "system", "content": "You are the assistant of a shop that sells shoes."}
    me.say(instructions, GREETING, assistant("hello"), user("I am Anna"))
    assert me.labels(instructions, user("Do you have boots?")) == NONE
    assert me.labels(GREETING, assistant("hello"), user("I am Anna"), user("?")) == PRIVATE


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": LETTER[:30]}, {"type": "text", "text": LETTER[30:]}],
        [{"type": "text", "text": LETTER}, {"type": "image_url", "image_url": {"url": "http://example.com/a.png"}}],
    ],
)
def test_parts_and_a_single_text_are_the_same(content: list[Any]) -> None:
    parts, text = Caller(), Caller()
    parts.say(user(content))
    text.say(user(LETTER))
    assert parts.labels(user(LETTER)) == text.labels(user(content)) == PRIVATE


def test_a_picture_is_known_again_with_another_question() -> None:
    me = Caller()
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 100}}
    me.say(user([picture, {"type": "text", "text": "What?"}]))
    assert me.labels(user([{"type": "text", "text": "Who?"}, picture])) == PRIVATE


def test_labels_end_after_their_time_and_are_renewed_when_said_again() -> None:
    me = Caller()
    me.say(user(LETTER))
    me.clock.now += KEEP_S - 1
    inherited = me.labels(user(LETTER))
    me.say(user(LETTER), under=inherited)
    me.clock.now += KEEP_S - 1
    assert me.labels(user(LETTER)) == PRIVATE
    me.clock.now += 2
    assert me.labels(user(LETTER)) == NONE


def test_a_caller_without_live_entries_is_not_even_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    me = Caller()
    looked: list[object] = []

    def look(document: object) -> list[str]:
        looked.append(document)
        return []

    monkeypatch.setattr(stickiness_module, "every_text", look)
    me.stickiness.remember("somebody else", document(user(LETTER)), PRIVATE)
    assert me.labels(user(LETTER)) == NONE
    assert not looked
    me.say(user(LETTER))
    me.labels(user(LETTER))
    assert len(looked) == 1
    me.clock.now += KEEP_S + 1
    assert me.labels(user(LETTER)) == NONE
    assert len(looked) == 1


# --- quotes ---

LINE = "Anna Berg of Graz owes 5000 euro to the bank since May"
REPORT = f"Dear all,\n\nhere is the report.\n{LINE}\nOtto Berg owes nothing.\n\nYours"


@pytest.mark.parametrize(
    "text",
    [
        f"> {LINE}",
        f"What does this mean?\n\n> > {LINE}\n\nThanks",
        f'He wrote: "{LINE}". Is it true?',
        LINE.upper().replace(" ", "  "),
        LINE.replace("a", "\u0430").replace("o", "\u043e"),
        "\u200b".join(LINE),
        f"* {LINE}.",
    ],
)
def test_a_line_that_is_quoted_brings_its_labels(text: str) -> None:
    me = Caller()
    me.say(user(REPORT))
    assert me.labels(user(text)) == PRIVATE
    assert me.labels(user(LINE.replace("Anna", "Otto"))) == NONE


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "system", "content": f"Know this.\n{LINE}"}]},
        {"messages": [{"role": "developer", "content": [{"type": "text", "text": LINE}]}]},
        {"messages": [{"role": "tool", "content": f'{{"row": "{LINE}"}}'}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": f'["{LINE}"]'}}]}]},
        {"messages": [{"role": "user", "content": [{"text": LINE[:20]}, {"text": LINE[20:]}]}]},
        {"messages": [{"role": "user", "content": "hi", "odd": {"deep": [LINE]}}]},
        {"messages": [GREETING], "metadata": {"note": LINE}},
        {"messages": [GREETING], "instructions": LINE},
        {"messages": [GREETING], "input": LINE},
        {"messages": [GREETING], "input": [{"role": "user", "content": [{"type": "input_text", "text": LINE}]}]},
        {"messages": [GREETING], "tools": [{"type": "function", "function": {"name": "f", "description": LINE}}]},
        {"messages": [GREETING], LINE: True},
    ],
)
def test_a_line_brings_its_labels_wherever_it_stands(body: dict[str, Any]) -> None:
    me = Caller()
    me.say(user(REPORT))
    assert me.stickiness.recall("", body).labels == PRIVATE


@pytest.mark.parametrize("where", ["reasoning_content", "reasoning", "thinking", "content"])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_line_of_a_reply_or_of_its_thoughts_brings_its_labels(where: str, streamed: bool) -> None:
    me = Caller()
    transcript = me.stickiness.remember("", document(user("who owes?")), PRIVATE)
    assert transcript is not None
    if streamed:
        for piece in (REPORT[:50], REPORT[50:]):
            transcript.take(event(msgspec.json.encode({"choices": [{"index": 0, "delta": {where: piece}}]})))
        transcript.take(DONE)
    else:
        transcript.take(msgspec.json.encode({"choices": [{"index": 0, "message": {"content": "x", where: REPORT}}]}))
        transcript.end()
    assert me.labels(user(f"> {LINE}")) == PRIVATE


def test_what_a_tool_was_called_with_brings_its_labels_without_the_call() -> None:
    me = Caller()
    calls = [{"id": "c", "function": {"name": "f", "arguments": msgspec.json.encode({"to": LINE}).decode()}}]
    me.say(GREETING, reply={"role": "assistant", "content": None, "tool_calls": calls})
    assert me.labels(user(f"Send this: {LINE}")) == PRIVATE


def test_what_everybody_says_brings_nothing() -> None:
    me = Caller()
    code = "from __future__ import annotations\nimport org.junit.jupiter.api.Assertions.assertEquals;"
    phrase = "Let me know if you have any further questions about this, I am happy to help!"
    system = {"role": "system", "content": "You are the assistant of a shop that sells shoes to everybody in Graz."}
    me.say(system, user(f"{code}\nx = 1\nThank you very much for your help."), reply=assistant(f"{LINE}\n\n{phrase}"))
    assert me.labels(system, user(f"{code}\ny = 2\nThank you very much for your help.")) == NONE
    assert me.labels(system, user("hi"), assistant(f"Here you are.\n\n{phrase}"), user("and?")) == NONE


# --- asked again ---


def test_a_short_first_message_that_is_asked_again_brings_its_labels() -> None:
    me = Caller()
    me.say(user("PIN 4711"))
    assert me.labels(user("PIN 4711")) == PRIVATE
    assert me.labels(user("PIN 4712")) == NONE
    assert me.labels(user("hi"), user("PIN 4711")) == NONE


def test_a_short_message_that_is_asked_again_in_its_conversation_brings_its_labels() -> None:
    me = Caller()
    talk = [GREETING, assistant("hello"), user("PIN?")]
    me.say(*talk, reply=assistant("4711"))
    assert me.labels(*talk) == PRIVATE
    assert me.labels(user("PIN?")) == NONE


# --- floods ---


def test_an_exchange_that_says_too_much_labels_all_that_its_caller_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stickiness_module, "MOST", 10)
    me = Caller()
    me.say(user("\n".join(f"{LINE} {at}" for at in range(9))))
    assert me.labels(user("something else")) == NONE
    me.say(user("\n".join(f"{LINE} {at}" for at in range(20))))
    inherited = me.stickiness.recall("", document(user("something else")))
    assert inherited.reasons == (("private", "more was said under the label private than can be told apart"),)
    assert me.labels(user("something else"), caller="somebody else") == NONE
    me.clock.now += KEEP_S + 1
    assert me.labels(user("something else")) == NONE


def test_a_reply_that_says_too_much_labels_all_that_its_caller_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcript_module, "MAX_BYTES", 10)
    me = Caller()
    me.say(GREETING, reply=assistant("hello"))
    assert me.labels(user("something")) == NONE
    transcript = me.stickiness.remember("", document(GREETING), PRIVATE)
    assert transcript is not None
    for piece in ("hello", "Anna"):
        transcript.take(event(msgspec.json.encode({"choices": [{"index": 0, "delta": {"content": piece}}]})))
    transcript.end()
    assert me.labels(user("something")) == PRIVATE


def test_a_flood_leaves_others_and_what_was_said_before_as_they_were() -> None:
    me = Caller(entries=256)
    me.stickiness.remember("quiet", document(user(LETTER)), frozenset({"legal"}))
    me.say(user(f"before: {LETTER}"))
    me.say(*(user(f"{LETTER} {at}") for at in range(3_000)))
    assert me.labels(user(f"before: {LETTER}")) == PRIVATE
    assert me.labels(user(LETTER), caller="quiet") == {"legal"}
    assert me.labels(user(LETTER + "!"), caller="quiet") == NONE
    assert me.labels(user(LETTER + "!"), caller="new") == NONE


roles = st.sampled_from(["user", "assistant", "tool"])
texts = st.text(st.characters(categories=["L", "N", "Zs"]), max_size=30)
messages = st.lists(st.builds(lambda role, content: {"role": role, "content": content}, roles, texts), max_size=5)


@given(messages, messages, messages, st.floats(0, 2 * KEEP_S))
def test_what_was_said_is_recalled_in_time_and_nothing_else_is(
    before: list[dict[str, Any]], said: list[dict[str, Any]], after: list[dict[str, Any]], later: float
) -> None:
    me = Caller()
    me.say(*said)
    me.clock.now += later
    live = later < KEEP_S
    words = [folded for one in said if (folded := fold(one["content"]))]
    least = {"assistant": LONG_REPLY}
    folds = [(fold(one["content"]), least.get(one["role"], LONG)) for one in said]
    long = {folded[0] for folded, enough in folds if folded and folded[1] >= enough}
    asked = [folded for one in (*before, *said, *after) if (folded := fold(one["content"]))]
    run = [letters for letters, _ in words]
    opens = len(run) > 1 or (len(run) == 1 and len(run[0].encode()) >= SHORTEST_OPENING)
    prefixed = opens and [letters for letters, _ in asked][: len(run)] == run
    expected = live and (prefixed or any(letters in long for letters, _ in asked))
    if later < KEEP_S or later > KEEP_S + 1:
        assert me.labels(*before, *said, *after) == (PRIVATE if expected else NONE)
    assert me.labels(*before, *said, *after, caller="somebody else") == NONE


def fold(text: str) -> tuple[str, int] | None:
    words = plainly(text).casefold().split()
    return ("".join(words), len(" ".join(words))) if words else None


@given(st.integers(1, 200))
def test_however_much_is_said_the_last_words_are_known(count: int) -> None:
    me = Caller(entries=16)
    for at in range(count):
        me.say(user(f"{LETTER} {at}"))
        me.clock.now += 1
    assert me.labels(user(f"{LETTER} {count - 1}")) == PRIVATE


def remember_elsewhere(memory: Memory) -> None:
    Stickiness(memory, plainly).remember("", document(user(LETTER)), PRIVATE)


def test_another_process_recalls_what_this_one_remembers() -> None:
    memory = Memory(Table.shared(64))
    process = multiprocessing.get_context("spawn").Process(target=remember_elsewhere, args=(memory,))
    process.start()
    process.join()
    here = Stickiness(memory, plainly)
    assert here.recall("", document(user(LETTER))).labels == PRIVATE
    assert here.recall("", document(user(LETTER + "!"))).labels == NONE


def test_a_memory_of_one_process_refuses_to_travel() -> None:
    with pytest.raises(TypeError, match="cannot travel"):
        pickle.dumps(Memory(Table.alone(8)))


def test_each_memory_has_a_key_of_its_own() -> None:
    one, other = Memory(Table.alone(8)), Memory(Table.alone(8))
    assert len(one.key) == 32
    assert one.key != other.key
    assert one.key.hex() not in repr(vars(one)["table"]) + repr(one)
