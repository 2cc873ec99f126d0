"""What llama.cpp, vLLM, LM Studio and others do differently, and what the OpenAI SDK reads of it through wye."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionChunk

from tests.fakes.server import Handler
from tests.fakes.upstream import FakeOpenAI, json_reply, sse
from tests.journeys.dialects import chunk
from tests.journeys.raw import ready, sdk
from tests.wye_process import Wye, one_target

Json = dict[str, Any]
ASKED: Json = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]}
WITH_USAGE: Json = {"stream_options": {"include_usage": True}}
USAGE: Json = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "prompt_tokens_details": None}


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture(scope="module")
def wye(upstream: FakeOpenAI) -> Iterator[Wye]:
    with Wye(one_target(upstream.base_url, kind="compatible")) as server:
        yield ready(server)


def whole(choice: Json, **more: Any) -> Handler:
    return json_reply(200, {"id": "c-1", "created": 1, "model": "m", "choices": [choice], **more})


def ask(wye: Wye, **more: Any) -> Any:
    return sdk(wye).chat.completions.create(**ASKED, **more)


def stream(wye: Wye, **more: Any) -> list[ChatCompletionChunk]:
    with sdk(wye).chat.completions.create(**ASKED, stream=True, **more) as answer:
        return list(answer)


def gathered(wye: Wye, **more: Any) -> Any:
    """What the SDK's own accumulation makes of a stream."""
    with sdk(wye).chat.completions.stream(**ASKED, **more) as events:
        return events.get_final_completion()


def test_empty_and_null_fields_of_a_stream_are_made_openais(wye: Wye, upstream: FakeOpenAI) -> None:
    upstream.script = sse(
        b":\n\n",
        chunk({"role": "assistant", "content": None, "tool_calls": None, "reasoning_content": None}, ""),
        chunk({"role": "assistant", "content": "two ", "tool_calls": []}, "", created=1.7),
        b":\n\n",
        chunk({"role": "assistant", "content": "words"}, ""),
        chunk(None, "eos"),
    )
    answer = gathered(wye)
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == ("two words", "stop")
    assert answer.choices[0].message.role == "assistant"
    chunks = stream(wye)
    assert [one.choices[0].index for one in chunks] == [0] * len(chunks)
    assert {one.object for one in chunks} == {"chat.completion.chunk"}
    assert len({(one.id, one.created, one.model) for one in chunks}) == 1
    assert all(isinstance(one.created, int) for one in chunks)
    assert [one.choices[0].finish_reason for one in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert not any(one.choices[0].delta.tool_calls for one in chunks)


def test_empty_and_null_fields_of_a_whole_answer_are_made_openais(wye: Wye, upstream: FakeOpenAI) -> None:
    upstream.script = whole(
        {"message": {"content": "hi", "tool_calls": []}, "finish_reason": "eos"}, created=1.9, object="", usage=USAGE
    )
    answer = ask(wye)
    assert (answer.object, answer.created, answer.choices[0].index) == ("chat.completion", 1, 0)
    assert (answer.choices[0].finish_reason, answer.choices[0].message.role) == ("stop", "assistant")
    assert answer.choices[0].message.tool_calls is None
    assert answer.usage.total_tokens == 5


@pytest.mark.parametrize("reason", ["abort", None, "", "error", 5, ["stop"]])
def test_a_whole_answer_that_was_cut_is_an_error(wye: Wye, upstream: FakeOpenAI, reason: Any) -> None:
    upstream.script = whole({"index": 0, "message": {"role": "assistant", "content": "ha"}, "finish_reason": reason})
    with pytest.raises(openai.InternalServerError, match="broke off"):
        ask(wye)


CALL: Json = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": {"at": "sky"}}}
TOOLS: list[Any] = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]


def test_arguments_that_come_as_an_object_become_text(wye: Wye, upstream: FakeOpenAI) -> None:
    message = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    upstream.script = whole({"index": 0, "message": message, "finish_reason": "stop"})
    choice = ask(wye, tools=TOOLS).choices[0]
    assert json.loads(choice.message.tool_calls[0].function.arguments) == {"at": "sky"}
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    upstream.script = sse(chunk({"role": "assistant", "tool_calls": [{"index": 0, **CALL}]}), chunk({}, "stop"))
    choice = gathered(wye, tools=TOOLS).choices[0]
    assert json.loads(choice.message.tool_calls[0].function.arguments) == {"at": "sky"}
    assert choice.finish_reason == "tool_calls"


def named(name: str, **more: Any) -> Json:
    return {"type": "function", "function": {"name": name, "arguments": "{}"}, **more}


@pytest.mark.parametrize(
    "deltas",
    [
        [{"tool_calls": [named("f", index=0, id="a"), named("g", index=0, id="b")]}],
        [{"tool_calls": [named("f", index=0, id="a")]}, {"tool_calls": [named("g", index=0, id="b")]}],
        [{"tool_calls": [named("f", id="a")]}, {"tool_calls": [named("g", id="b")]}],
        [{"tool_calls": [named("f", index=1, id="a")]}, {"tool_calls": [named("g", index=2, id="b")]}],
        [{"tool_calls": [named("f", index=0, id="")]}, {"tool_calls": [named("g", index=1, id="")]}],
        [{"tool_calls": [named("f", index=0)]}, {"tool_calls": [named("g", index=1)]}],
    ],
)
def test_two_calls_stay_two_however_they_are_counted(wye: Wye, upstream: FakeOpenAI, deltas: list[Json]) -> None:
    upstream.script = sse(chunk({"role": "assistant"}), *map(chunk, deltas), chunk({}, "tool_calls"))
    calls = gathered(wye, tools=TOOLS).choices[0].message.tool_calls
    assert [(call.function.name, call.function.arguments) for call in calls] == [("f", "{}"), ("g", "{}")]
    assert len({call.id for call in calls} | {""}) == 3


def test_a_call_in_pieces_that_repeat_its_name_stays_one(wye: Wye, upstream: FakeOpenAI) -> None:
    def piece(text: str) -> Json:
        return chunk({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": text}}]})

    upstream.script = sse(chunk({"role": "assistant"}), piece('{"at'), piece('":1}'), chunk({}, "tool_calls"))
    (call,) = gathered(wye, tools=TOOLS).choices[0].message.tool_calls
    assert (call.id, call.function.name, call.function.arguments) == ("a", "f", '{"at":1}')


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk({"content": "a"}, usage=USAGE), chunk({}, "stop", usage=USAGE), {"choices": [], "usage": USAGE}],
        [chunk({"content": "a"}), chunk({}, "stop", usage=USAGE, timings={"prompt_ms": 1.5})],
        [chunk({"content": "a"}), chunk({}, "stop"), {"id": "c", "model": "m", "choices": [], "usage": USAGE}],
    ],
)
def test_usage_comes_once_and_last_however_often_it_was_told(
    wye: Wye, upstream: FakeOpenAI, chunks: list[Json]
) -> None:
    upstream.script = sse(*chunks)
    *before, last = stream(wye, **WITH_USAGE)
    assert all(one.usage is None and one.choices for one in before)
    assert (last.choices, last.usage and last.usage.total_tokens) == ([], 5)
    assert gathered(wye, **WITH_USAGE).usage.total_tokens == 5
    assert all(one.usage is None and one.choices for one in stream(wye))


def test_reasoning_is_handed_on_in_its_own_field(wye: Wye, upstream: FakeOpenAI) -> None:
    upstream.script = sse(
        chunk({"role": "assistant", "reasoning_content": "hm"}), chunk({"content": "hi"}), chunk({}, "stop")
    )
    chunks = stream(wye)
    assert [(one.choices[0].delta.model_extra or {}).get("reasoning_content") for one in chunks] == ["hm", None, None]
