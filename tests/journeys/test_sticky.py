"""What was private in one turn is private in the next, with nothing but the talk itself to tell: on a real wye."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import count
from typing import Any, cast

import openai
import pytest

from tests.fakes.ollama import Fail, FakeOllama, Stall, ToolCall, echo, says
from tests.fakes.upstream import FakeOpenAI
from tests.journeys.raw import chats, sdk
from tests.wye_process import Wye, two_targets

Json = dict[str, Any]
PRIVATE = {"x-wye-label": "private"}
NOTHING: dict[str, str] = {}
NUMBERS = count(100)
LOCAL, CLOUD = "local:llama3", "cloud:gpt-4o"
TOOL: Json = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


@pytest.fixture(scope="module")
def local() -> Iterator[FakeOllama]:
    with FakeOllama(num_parallel=2) as server:
        yield server


@pytest.fixture(scope="module")
def wye(local: FakeOllama, cloud: FakeOpenAI) -> Iterator[Wye]:
    with Wye(two_targets(local.base_url, cloud.base_url)) as server:
        yield server


@pytest.fixture(autouse=True)
def _usual_brain(local: FakeOllama) -> None:
    local.brain = echo


@pytest.fixture
def anna() -> str:
    """A name that only this test speaks of: one wye remembers what all tests said."""
    return f"Anna{next(NUMBERS)}"


def user(content: object) -> Json:
    return {"role": "user", "content": content}


def assistant(content: object) -> Json:
    return {"role": "assistant", "content": content}


class Turn:
    """One request of an app that asks for a big model, and who answered what."""

    def __init__(
        self, wye: Wye, *messages: Json, headers: dict[str, str] = NOTHING, stream: bool = False, **more: Any
    ) -> None:
        create = sdk(wye).chat.completions.with_raw_response.create
        asked: Any = {"model": "gpt-4o", "messages": list(messages), "stream": stream, **more}
        raw = create(extra_headers=headers, **asked)
        self.target = raw.headers["x-wye-target"]
        self.labels = raw.headers.get("x-wye-labels")
        self.message: Json
        if stream:
            chunks = cast(openai.Stream[Any], raw.parse())
            self.message = assistant("".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices))
        else:
            self.message = raw.parse().choices[0].message.model_dump(exclude_none=True)


def saw(cloud: FakeOpenAI, text: str) -> bool:
    return any(text.encode() in request.body for request in chats(cloud))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("text", ["I am {}", "My name is {} Berg, and I was born in Graz."])
def test_the_next_turn_stays_where_the_first_was(
    wye: Wye, anna: str, cloud: FakeOpenAI, text: str, stream: bool
) -> None:
    text = text.format(anna)
    first = Turn(wye, user(text), headers=PRIVATE, stream=stream)
    talk = [user(text), first.message, user("Who am I?")]
    second = Turn(wye, *talk, stream=stream)
    third = Turn(wye, *talk, second.message, user("And where?"), stream=stream)
    assert [turn.target for turn in (first, second, third)] == [LOCAL] * 3
    assert (second.labels, third.labels) == ("private", "private")
    assert not saw(cloud, anna)


def test_what_has_nothing_to_do_with_it_goes_where_it_always_went(wye: Wye, anna: str) -> None:
    instructions = {"role": "system", "content": "You are the assistant of a shop that sells shoes."}
    Turn(wye, instructions, user(f"My name is {anna} Berg, and I was born in Graz."), headers=PRIVATE)
    Turn(wye, user("hi"), headers=PRIVATE)
    others = [
        Turn(wye, instructions, user("Do you have boots in my size?")),
        Turn(wye, user("hi")),
        Turn(wye, user("hi"), assistant("Good day"), user("Do you have boots?")),
    ]
    assert [(turn.target, turn.labels) for turn in others] == [(CLOUD, None)] * 3


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_that_is_quoted_alone_is_known(wye: Wye, anna: str, cloud: FakeOpenAI, stream: bool) -> None:
    reply = Turn(wye, user(f"Who is {anna}, and where was she born?"), headers=PRIVATE, stream=stream).message[
        "content"
    ]
    assert Turn(wye, user(reply), user("Make it shorter.")).target == LOCAL
    assert (
        Turn(wye, user([{"type": "text", "text": "Make it shorter:"}, {"type": "text", "text": reply}])).target == LOCAL
    )
    assert not saw(cloud, anna)


def test_a_message_in_parts_is_the_same_message(wye: Wye, anna: str, cloud: FakeOpenAI) -> None:
    halves = [f"My name is {anna} Berg,", "and I was born in Graz."]
    parts = [{"type": "text", "text": half} for half in halves]
    Turn(wye, user(parts), headers=PRIVATE)
    for again in (parts, " ".join(halves), halves[0], parts[1:]):
        assert Turn(wye, user("hi"), user(again)).target == LOCAL
    assert not saw(cloud, anna)


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_that_was_called_in_private_answers_in_private(
    wye: Wye, anna: str, local: FakeOllama, cloud: FakeOpenAI, stream: bool
) -> None:
    local.brain = says(ToolCall("look", {"für": anna}))
    ask = [user("Look.")]
    create = sdk(wye).chat.completions.create
    asked: Any = {"model": "gpt-4o", "messages": ask, "tools": [TOOL], "extra_headers": PRIVATE}
    if stream:
        deltas = [chunk.choices[0].delta for chunk in create(stream=True, **asked) if chunk.choices]
        (call,) = [call for delta in deltas for call in delta.tool_calls or ()]
    else:
        (call,) = create(**asked).choices[0].message.tool_calls
    # A client that keeps a call's arguments as an object writes them anew.
    function = {"name": "look", "arguments": f'{{ "f\\u00fcr": "{anna}" }}'}
    called = {**assistant(None), "tool_calls": [{"id": call.id, "type": "function", "function": function}]}
    local.brain = echo
    answered = {"role": "tool", "tool_call_id": call.id, "content": "42"}
    assert Turn(wye, *ask, called, answered, tools=[TOOL]).target == LOCAL
    assert not saw(cloud, anna)


def test_what_a_client_had_read_when_it_left_is_known(
    wye: Wye, anna: str, local: FakeOllama, cloud: FakeOpenAI
) -> None:
    local.brain = says("Dear ", f"{anna} ", "Berg", Stall(threading.Event()))
    create = sdk(wye).chat.completions.with_raw_response.create
    raw = create(model="gpt-4o", messages=[cast(Any, user("Hi"))], stream=True, extra_headers=PRIVATE)
    answer = raw.parse()
    said = ""
    for chunk in answer:
        said += chunk.choices[0].delta.content or ""
        if said == f"Dear {anna} Berg":
            break
    answer.response.close()
    assert wye.settled(raw.headers["x-wye-id"])["status"] == 499
    local.brain = echo
    for read in (f"Dear {anna} Berg", f"Dear {anna}", "Dear"):
        assert Turn(wye, user("Hi"), assistant(read), user("Go on")).target == LOCAL
    assert not saw(cloud, anna)


def test_a_reply_that_broke_off_is_known(wye: Wye, anna: str, local: FakeOllama, cloud: FakeOpenAI) -> None:
    heard = threading.Event()
    local.brain = says("Dear ", anna, Stall(heard), Fail())
    stream = sdk(wye).chat.completions.create(
        model="gpt-4o", messages=[cast(Any, user("Hi"))], stream=True, extra_headers=PRIVATE
    )
    next(stream)
    heard.set()
    with pytest.raises(openai.APIError):
        list(stream)
    local.brain = echo
    assert Turn(wye, user("Hi"), assistant(f"Dear {anna}"), user("Go on")).target == LOCAL
    assert not saw(cloud, anna)


def test_a_request_beside_the_first_is_known_before_that_is_answered(
    wye: Wye, anna: str, local: FakeOllama, cloud: FakeOpenAI
) -> None:
    text, go = f"My name is {anna} Berg, and I was born in Graz.", threading.Event()
    local.brain = says("Dear ", Stall(go), anna)
    create = sdk(wye).chat.completions.create
    stream = create(model="gpt-4o", messages=[cast(Any, user(text))], stream=True, extra_headers=PRIVATE)
    next(stream)
    local.brain = echo
    assert Turn(wye, user(text)).target == LOCAL
    go.set()
    list(stream)
    assert not saw(cloud, anna)


def test_what_a_detector_found_binds_also_without_the_finding(wye: Wye, cloud: FakeOpenAI) -> None:
    found = Turn(wye, user("my password is hunter2-Blue42"))
    # The app hides the secret in its history; the rest of the talk gives it away.
    talk = [user("my password is ***"), found.message, user("What did I say?")]
    assert (found.labels, Turn(wye, *talk).target) == ("private", LOCAL)
    assert not saw(cloud, "my password is")


def test_a_label_that_no_file_knows_binds_the_next_turn_too(wye: Wye, anna: str, cloud: FakeOpenAI) -> None:
    first = Turn(wye, user(f"Who is {anna}?"), headers={"x-wye-label": "anna-only, legal"})
    second = Turn(wye, user(f"Who is {anna}?"), first.message, user("And Otto?"))
    assert (second.target, second.labels) == (LOCAL, "anna-only,legal")
    assert not saw(cloud, anna)


def test_a_quote_of_it_is_known_wherever_it_stands(wye: Wye, anna: str, cloud: FakeOpenAI) -> None:
    line = f"{anna} Berg of Graz owes 5000 euro to the bank since May"
    code = "from __future__ import annotations"
    instructions = {"role": "system", "content": "You are the assistant of a bank, and you are kind to everybody."}
    Turn(wye, instructions, user(f"{code}\nThis is what I know.\n{line}\nIs it much?"), headers=PRIVATE)
    called = {"id": "c", "type": "function", "function": {"name": "look", "arguments": f'{{"who": "{line}"}}'}}
    quoting: list[list[Json]] = [
        [user(f"What does this mean?\n> > {line}.\nThanks")],
        [user(line.upper().replace("A", "\u0410").replace("E", "\u0415\u200b"))],
        [user([{"type": "text", "text": line[:25]}, {"type": "text", "text": line[25:]}])],
        [{"role": "system", "content": f"Know this: {line}"}, user("hi")],
        [
            user("hi"),
            {**assistant(None), "tool_calls": [called]},
            {"role": "tool", "tool_call_id": "c", "content": "1"},
        ],
    ]
    assert [Turn(wye, *talk).target for talk in quoting] == [LOCAL] * len(quoting)
    for name, value in (("metadata", {"note": line}), ("instructions", line), ("odd", [{"deep": line}])):
        assert Turn(wye, user("hi"), extra_body={name: value}).target == LOCAL
    assert not saw(cloud, anna)
    assert Turn(wye, instructions, user(f"{code}\nx = 1\nIs it good?")).target == CLOUD


def test_a_short_question_that_is_asked_again_stays(wye: Wye, anna: str, cloud: FakeOpenAI) -> None:
    Turn(wye, user(f"I am {anna}"), headers=PRIVATE)
    assert Turn(wye, user(f"I am {anna}")).target == LOCAL
    talk = [user(f"hi {anna}"), assistant("hello"), user("my PIN?")]
    Turn(wye, *talk, headers=PRIVATE)
    assert Turn(wye, *talk).target == LOCAL
    assert not saw(cloud, anna)


def test_what_was_refused_is_known_too(wye: Wye, anna: str, cloud: FakeOpenAI) -> None:
    refused: list[Json] = [{"web_search_options": {}}, {"stream_options": {}}, {}]
    for at, more in enumerate(refused):
        text = f"My name is {anna} Berg, and I was born in {1950 + at}."
        headers = {**PRIVATE, "x-wye-force-provider": "cloud"}
        with pytest.raises(openai.APIStatusError):
            Turn(wye, user(text), headers=headers, **more)
        assert Turn(wye, user(text)).target == LOCAL
    assert not saw(cloud, anna)


def test_a_flood_makes_nothing_go_unlabelled(local: FakeOllama, cloud: FakeOpenAI, anna: str) -> None:
    text = f"My name is {anna} Berg, and I was born in Graz."
    flood = "\n".join(f"This is line {at} of a very long report about {anna} Berg." for at in range(70_000))
    with Wye(two_targets(local.base_url, cloud.base_url)) as flooded:
        Turn(flooded, user(text), headers=PRIVATE)
        assert Turn(flooded, user("What is the weather like in Graz today?")).target == CLOUD
        Turn(flooded, user(flood), headers=PRIVATE)
        for said in (text, f"> This is line 69999 of a very long report about {anna} Berg."):
            assert Turn(flooded, user(said)).target == LOCAL
    assert not saw(cloud, anna)


def test_a_client_that_names_the_cloud_outright_is_refused_in_the_next_turn(
    wye: Wye, anna: str, cloud: FakeOpenAI
) -> None:
    first = Turn(wye, user(f"Who is {anna}?"), headers=PRIVATE)
    talk = [user(f"Who is {anna}?"), first.message, user("And Otto?")]
    for more in ({"model": "cloud:gpt-4o"}, {"headers": {"x-wye-force-provider": "cloud"}}):
        with pytest.raises(openai.PermissionDeniedError) as refused:
            Turn(wye, *talk, **cast(Any, more))
        assert refused.value.code == "egress_refused"
        assert anna not in refused.value.message
    assert not saw(cloud, anna)


def test_nothing_that_was_said_is_written_down(wye: Wye, anna: str) -> None:
    first = Turn(wye, user(f"Who is {anna}?"), headers=PRIVATE)
    second = Turn(wye, user(f"Who is {anna}?"), first.message, user("And Otto?"))
    assert second.labels == "private"
    assert not [line for line in wye.lines if anna in line or "Otto" in line]


def test_every_worker_knows_what_was_private_to_another(local: FakeOllama, cloud: FakeOpenAI, anna: str) -> None:
    with Wye(two_targets(local.base_url, cloud.base_url), "--workers", "2") as several:
        for at in range(12):  # each request is a connection of its own, and goes to either of them
            first = user(f"I am {anna}, number {at}")
            reply = Turn(several, first, headers=PRIVATE).message["content"]
            second = Turn(several, first, assistant(reply), user("and then?"))
            assert (second.target, second.labels) == (LOCAL, "private")
        assert several.stop() == 0
    assert not saw(cloud, anna)
