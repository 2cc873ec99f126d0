from __future__ import annotations

import json
from typing import Any

import pytest

from proxy.errors import BadGateway, UpstreamAnswered
from proxy.providers.mended_events import MendedEvents
from proxy.wire.sse import Frame
from proxy.wire.usage import Usage
from tests.fakes.asks import WITH_USAGE, ask, chat

Json = dict[str, Any]
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
DONE = Frame(b"[DONE]")


def frame(document: object) -> Frame:
    return Frame(json.dumps(document).encode())


def chunk(delta: Any = None, reason: Any = None, **more: Any) -> Json:
    """One chunk as Ollama's `ToStreamChunks` writes it."""
    choice = {"index": 0, "delta": {} if delta is None else delta, "finish_reason": reason}
    return {
        "id": "chatcmpl-7",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "up",
        "choices": [choice],
        **more,
    }


def reader(*, usage: bool = False) -> MendedEvents:
    return MendedEvents(ask(chat(**(WITH_USAGE if usage else {"stream": True}))))


def mended(*documents: object, usage: bool = False) -> list[Json]:
    """Read a whole stream, its end included."""
    events = reader(usage=usage)
    chunks = [events.read(frame(document)) for document in documents]
    events.read(DONE)
    written = [*chunks, events.end()]
    return [json.loads(one.payload) for one in written if one is not None]


def deltas(*documents: object) -> list[Json]:
    return [one["choices"][0]["delta"] for one in mended(*documents)]


STOP = chunk(reason="stop")
CALL = {"id": "call_a", "index": 0, "type": "function", "function": {"name": "look", "arguments": "{}"}}


def test_every_chunk_of_a_stream_has_one_id_one_time_and_the_right_kind() -> None:
    got = mended(
        chunk({"role": "assistant", "content": "a"}), chunk({"content": "b"}, id="chatcmpl-8", created=2), STOP
    )
    assert len({(one["id"], one["created"], one["object"], one["model"]) for one in got}) == 1
    assert (got[0]["id"] != "chatcmpl-7", got[0]["object"], got[0]["model"]) == (True, "chat.completion.chunk", "up")
    assert got[0]["created"] > 1_600_000_000


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # Ollama: the role with the first content.
        (
            [{"role": "assistant", "content": "a"}, {"content": "b"}],
            [{"role": "assistant", "content": "a", "refusal": None}, {"content": "b"}],
        ),
        # The role with every chunk would become `assistantassistant` in openai-python.
        (
            [{"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}],
            [{"role": "assistant", "content": "a", "refusal": None}, {"content": "b"}],
        ),
        # llama.cpp: the role alone, and `content: null`.
        (
            [{"role": "assistant", "content": None}, {"content": "a"}],
            [{"role": "assistant", "content": "", "refusal": None}, {"content": "a"}],
        ),
        # A first chunk without a role.
        ([{"content": "a"}], [{"role": "assistant", "content": "a", "refusal": None}]),
        # Reasoning first; the empty content that comes with it is nothing.
        (
            [
                {"role": "assistant", "content": "", "reasoning": "hm"},
                {"content": "", "reasoning": "so"},
                {"content": "a"},
            ],
            [
                {"role": "assistant", "content": "", "refusal": None, "reasoning": "hm"},
                {"reasoning": "so"},
                {"content": "a"},
            ],
        ),
        # A tool call beside an empty content.
        (
            [
                {"role": "assistant", "content": "", "tool_calls": [CALL]},
                {"content": "", "tool_calls": [{**CALL, "id": "b"}]},
            ],
            [
                {"role": "assistant", "content": "", "refusal": None, "tool_calls": [CALL]},
                {"tool_calls": [{**CALL, "id": "b", "index": 1}]},
            ],
        ),
        ([{"content": ""}, {"content": ""}], [{"role": "assistant", "content": "", "refusal": None}, {"content": ""}]),
        ([None, {}], [{"role": "assistant", "content": "", "refusal": None}, {}]),
    ],
)
def test_deltas_get_openais_form(given: list[Json], expected: list[Json]) -> None:
    assert deltas(*(chunk(delta) for delta in given), STOP)[:-1] == expected


def test_a_choice_has_all_its_fields_and_a_null_until_the_end() -> None:
    first, last = mended(chunk({"content": "a"}), STOP)
    assert first["choices"][0].keys() == {"index", "delta", "logprobs", "finish_reason"}
    assert (first["choices"][0]["finish_reason"], last["choices"][0]["finish_reason"]) == (None, "stop")


def test_each_choice_is_introduced_once() -> None:
    choices = [{"index": at, "delta": {"content": "x"}, "finish_reason": None} for at in (0, 1)]
    ends: list[Json] = [{"index": at, "delta": {}, "finish_reason": "stop"} for at in (0, 1)]
    first, second, _ = mended(chunk(choices=choices), chunk(choices=choices), chunk(choices=ends))
    assert [("role" in one["delta"]) for one in (*first["choices"], *second["choices"])] == [True, True, False, False]


@pytest.mark.parametrize("reason", ["stop", "eos"])
def test_a_stop_after_tool_calls_is_tool_calls(reason: str) -> None:
    *_, last = mended(chunk({"content": "", "tool_calls": [CALL]}), chunk(reason=reason))
    assert last["choices"][0]["finish_reason"] == "tool_calls"


def test_tools_that_one_choice_called_are_not_another_choices() -> None:
    called = chunk(choices=[{"index": 1, "delta": {"tool_calls": [CALL]}, "finish_reason": None}])
    ends = chunk(choices=[{"index": at, "delta": {}, "finish_reason": "stop"} for at in (0, 1)])
    *_, last = mended(called, ends)
    assert [one["finish_reason"] for one in last["choices"]] == ["stop", "tool_calls"]


# --- usage ---

LAST = {"choices": [], "usage": USAGE}


def test_usage_that_the_client_did_not_ask_for_is_counted_and_not_given() -> None:
    events = reader()
    chunks = [events.read(frame(one)) for one in (chunk({"content": "a"}), STOP, chunk(**LAST))]
    events.read(DONE)
    assert events.end() is None
    assert chunks[2] is None
    assert events.usage == Usage(3, 2, 5)
    assert b"usage" not in b"".join(one.payload for one in chunks if one)


@pytest.mark.parametrize(
    "documents",
    [
        [chunk({"content": "a"}), STOP, chunk(**LAST)],  # OpenAI, Ollama
        [chunk({"content": "a"}), chunk(reason="stop", usage=USAGE)],  # llama.cpp, with the finish reason
        [
            chunk({"content": "a"}, usage={"prompt_tokens": 3}),
            chunk(reason="stop", usage=USAGE),
        ],  # vLLM, with every chunk
        [chunk({"content": "a"}, usage=USAGE), STOP],
        [chunk({"content": "a"}), STOP, chunk(**LAST), chunk(**LAST)],
    ],
)
def test_usage_that_was_asked_for_comes_once_and_last(documents: list[Json]) -> None:
    *before, last = mended(*documents, usage=True)
    assert [one["usage"] for one in before] == [None] * len(before)
    assert last["choices"] == []
    assert {name: last["usage"][name] for name in USAGE} == USAGE
    assert last["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0
    assert (last["id"], last["object"]) == (before[0]["id"], "chat.completion.chunk")


def test_usage_that_was_asked_for_and_never_came_is_not_made_up() -> None:
    got = mended(chunk({"content": "a"}), STOP, usage=True)
    assert [one["usage"] for one in got] == [None, None]
    assert all(one["choices"] for one in got)


# --- what is content ---


@pytest.mark.parametrize(
    ("delta", "content"),
    [
        ({"role": "assistant", "content": ""}, False),
        ({"role": "assistant", "content": None, "refusal": None}, False),
        ({}, False),
        ({"content": "a"}, True),
        ({"content": " "}, True),
        ({"reasoning": "hm"}, True),
        ({"reasoning_content": "hm"}, True),
        ({"tool_calls": [CALL]}, True),
    ],
)
def test_only_what_answers_something_is_content(delta: Json, content: bool) -> None:
    one = reader().read(frame(chunk(delta)))
    assert one is not None
    assert one.content is content


def test_an_empty_answer_that_is_finished_is_an_answer() -> None:
    one = reader().read(frame(STOP))
    assert one is not None
    assert one.content


# --- failures ---


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (Frame(b'{"error":{"message":"out of memory","type":"server_error","code":500}}'), "out of memory"),
        (Frame(b'{"error":"out of memory"}'), "out of memory"),
        (Frame(b'{"code":500,"message":"out of memory","type":"server_error"}', "error"), "out of memory"),
        (Frame(b"out of memory", "error"), "out of memory"),
        (Frame(b'{"error":{}}'), "without saying why"),
    ],
)
def test_an_error_in_the_stream_is_said_with_its_words(given: Frame, message: str) -> None:
    with pytest.raises(UpstreamAnswered) as caught:
        reader().read(given)
    assert message in caught.value.message
    assert caught.value.status == 502


def test_an_error_that_is_null_is_none_and_does_not_travel() -> None:
    first, _ = mended(chunk({"content": "a"}, error=None), STOP)
    assert "error" not in first


def test_the_chunk_that_ollama_writes_over_an_error_is_one() -> None:
    events = reader()
    events.read(frame(chunk({"content": "a"})))
    swallowed = chunk({"role": "", "content": ""}, model="", created=-62135596800)
    with pytest.raises(BadGateway, match="failed in the middle"):
        events.read(frame(swallowed))


@pytest.mark.parametrize("said_done", [True, False])
def test_an_end_without_a_finish_reason_is_no_end(said_done: bool) -> None:
    events = reader()
    events.read(frame(chunk({"content": "half an ans"})))
    if said_done:
        events.read(DONE)
    with pytest.raises(BadGateway, match="in the middle of the answer"):
        events.end()


def test_an_end_without_done_is_one_if_a_reason_was_given() -> None:
    events = reader()
    events.read(frame(STOP))
    assert (events.end(), events.done) == (None, False)


@pytest.mark.parametrize(
    "given",
    [
        Frame(b"hello"),
        Frame(b"{"),
        Frame(b'{"a":"\xff"}'),
        Frame(b"null"),
        Frame(b"[]"),
        Frame(b'"text"'),
        frame({"choices": 5}),
        frame({"choices": {}}),
        frame({"choices": "text"}),
        frame({"choices": [5]}),
        frame({"choices": [None]}),
        frame({"choices": [{"delta": 5}]}),
        frame({"choices": [{"delta": "text"}]}),
        frame({"choices": [{"delta": {"tool_calls": 5}}]}),
        frame({"choices": [{"delta": {"tool_calls": ["look"]}}]}),
        frame({"choices": [{"delta": {}, "finish_reason": "abort"}]}),
        frame({"choices": [{"delta": {}, "finish_reason": ["stop"]}]}),
        frame({"choices": [{"delta": {}, "finish_reason": 5}]}),
    ],
)
def test_an_event_that_is_no_chunk_is_the_upstreams_failure_and_not_ours(given: Frame) -> None:
    with pytest.raises(BadGateway):
        reader().read(given)


@pytest.mark.parametrize(
    "given", [{}, {"choices": []}, {"choices": None}, {"prompt_filter_results": []}, {"usage": None, "choices": []}]
)
def test_a_chunk_without_choices_is_nothing(given: Json) -> None:
    assert reader().read(frame(given)) is None


def test_an_index_that_is_no_number_is_counted() -> None:
    first, _ = mended(chunk(choices=[{"index": [], "delta": {"content": "a"}}]), STOP)
    assert first["choices"][0]["index"] == 0
