"""What Ollama answers differently, row by row of the normalisation table: what the client gets instead."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionChunk

from tests.fakes.ollama import Die, Fail, FakeModel, FakeOllama, Stall, ToolCall, echo, says
from tests.fakes.server import Handler, Request, Wire
from tests.journeys.raw import Raw, chat, chats, documents, ready, sdk
from tests.wye_process import Wye, one_target

Json = dict[str, Any]
CALLABLE = {"completion", "tools"}
TOOLS: list[Json] = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
HELLO: list[Json] = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
def ollama() -> Iterator[FakeOllama]:
    small = FakeModel(CALLABLE, template="native", context_length=20)
    unshifted = FakeModel(CALLABLE, context_length=20, context_shift=False)
    with FakeOllama({"llama3": FakeModel(CALLABLE), "small": small, "unshifted": unshifted}) as server:
        yield server


@pytest.fixture(scope="module")
def wye(ollama: FakeOllama) -> Iterator[Wye]:
    with Wye(one_target(ollama.base_url, kind="ollama", more='model = "llama3"')) as server:
        yield ready(server)


@pytest.fixture(autouse=True)
def _usual_server(ollama: FakeOllama) -> Iterator[None]:
    ollama.brain, usual = echo, ollama.handler
    yield
    ollama.handler = usual


def ask(wye: Wye, **more: Any) -> Any:
    return sdk(wye).chat.completions.create(**{"model": "llama3", "messages": HELLO, **more})


def stream(wye: Wye, **more: Any) -> list[ChatCompletionChunk]:
    asked: Json = {"model": "llama3", "messages": HELLO, **more}
    with sdk(wye).chat.completions.create(stream=True, **asked) as answer:
        return list(answer)


def gathered(wye: Wye, **more: Any) -> Any:
    """What the SDK's own accumulation makes of a stream."""
    asked: Json = {"model": "llama3", "messages": HELLO, **more}
    with sdk(wye).chat.completions.stream(**asked) as events:
        return events.get_final_completion()


def test_every_answer_has_an_id_of_its_own(wye: Wye) -> None:
    """Row 18: ids of whole answers."""
    ids = {ask(wye).id for _ in range(8)}
    assert len(ids) == 8
    assert all(one.startswith("chatcmpl-") and len(one) > 20 for one in ids)


def test_all_chunks_of_an_answer_share_one_id_and_time(wye: Wye) -> None:
    """Row 18: ids of streams."""
    first, second = stream(wye), stream(wye)
    assert len({chunk.id for chunk in first}) == len({chunk.created for chunk in first}) == 1
    assert first[0].id != second[0].id


def test_a_call_without_an_id_gets_one_and_an_id_is_kept(wye: Wye, ollama: FakeOllama) -> None:
    """Row 19: tool ids."""
    ollama.brain = says(ToolCall("look", {}, id=""), ToolCall("look", {}, id="call_kept"), ToolCall("look", {}, id=""))
    for answer in (ask(wye, tools=TOOLS), gathered(wye, tools=TOOLS)):
        first, kept, last = (call.id for call in answer.choices[0].message.tool_calls)
        assert kept == "call_kept"
        assert len({first, kept, last}) == 3
        assert "" not in {first, last}


def test_an_id_that_is_used_twice_is_replaced(wye: Wye, ollama: FakeOllama) -> None:
    """Row 19: tool ids, unique."""
    ollama.brain = says(ToolCall("look", {}, id="call_a"), ToolCall("look", {}, id="call_a"))
    for answer in (ask(wye, tools=TOOLS), gathered(wye, tools=TOOLS)):
        first, second = (call.id for call in answer.choices[0].message.tool_calls)
        assert first == "call_a" != second


@pytest.mark.parametrize("model", ["llama3", "small"])
def test_calls_come_whole_and_counted_from_zero(wye: Wye, ollama: FakeOllama, model: str) -> None:
    """Row 20: tool deltas, of Ollama's own parsers and of llama-server's."""
    ollama.brain = says(ToolCall("look", {"at": "sky"}), ToolCall("look", {"at": "sea"}))
    chunks = stream(wye, tools=TOOLS, model=model)
    deltas = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    assert [call.index for call in deltas] == [0, 1]
    assert [call.function and call.function.arguments for call in deltas] == ['{"at":"sky"}', '{"at":"sea"}']
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    calls = gathered(wye, tools=TOOLS, model=model).choices[0].message.tool_calls
    assert [(call.type, call.function.name) for call in calls] == [("function", "look")] * 2


def test_usage_is_null_until_the_last_chunk_which_has_it_in_full(wye: Wye) -> None:
    """Row 21: usage chunk, asked for."""
    with Raw(wye, chat(model="llama3", stream=True, stream_options={"include_usage": True})) as raw:
        *before, last = documents(raw.rest())
    assert all(chunk["usage"] is None for chunk in before)
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == last["usage"]["prompt_tokens"] + last["usage"]["completion_tokens"] > 0
    assert last["usage"]["prompt_tokens_details"] == {"cached_tokens": 0, "audio_tokens": 0}
    assert last["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0


def test_a_whole_answer_has_the_details_of_its_usage(wye: Wye) -> None:
    """Row 21: usage of a whole answer."""
    usage = ask(wye).usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert (usage.prompt_tokens_details.cached_tokens, usage.completion_tokens_details.reasoning_tokens) == (0, 0)


def test_usage_is_counted_although_the_client_did_not_ask(wye: Wye, ollama: FakeOllama) -> None:
    """Row 22: usage, not asked for."""
    with Raw(wye, chat(model="llama3", stream=True)) as raw:
        chunks = documents(raw.rest())
        settled = wye.settled(raw.headers["x-wye-id"])
    assert all("usage" not in chunk and chunk["choices"] for chunk in chunks)
    assert chats(ollama)[-1].json()["stream_options"] == {"include_usage": True}
    assert min(settled["tokens_in"], settled["tokens_out"]) > 0


def test_an_error_that_ollama_swallows_is_raised(wye: Wye, ollama: FakeOllama) -> None:
    """Row 23: swallowed stream error."""
    heard = threading.Event()
    ollama.brain = says("half ", "an ", Stall(heard), Fail())
    asked: Json = {"model": "llama3", "messages": HELLO}
    with sdk(wye).chat.completions.create(stream=True, **asked) as answer:
        assert [next(answer).choices[0].delta.content for _ in range(2)] == ["half ", "an "]
        heard.set()
        with pytest.raises(openai.APIError) as failed:
            next(answer)
    assert failed.value.code == "upstream_error"


def test_a_failed_stream_is_settled_as_failed(wye: Wye, ollama: FakeOllama) -> None:
    """Row 23: mark the request failed."""
    heard = threading.Event()
    ollama.brain = says("half ", Stall(heard), Fail())
    with Raw(wye, chat(model="llama3", stream=True)) as raw:
        raw.until(b"half ")
        heard.set()
        assert "error" in documents(raw.rest())[-1]
        assert wye.settled(raw.headers["x-wye-id"])["status"] == 502


def test_an_end_without_a_reason_is_raised(wye: Wye, ollama: FakeOllama) -> None:
    """Row 24: EOF without finish."""
    heard = threading.Event()
    ollama.brain = says("half ", Stall(heard), Die())
    asked: Json = {"model": "llama3", "messages": HELLO}
    with sdk(wye).chat.completions.create(stream=True, **asked) as answer:
        assert next(answer).choices[0].delta.content == "half "
        heard.set()
        with pytest.raises(openai.APIError, match="middle of the answer"):
            next(answer)


@pytest.mark.parametrize("brain", [says("half ", Die()), says(Die())])
def test_a_whole_answer_without_a_reason_is_an_error(wye: Wye, ollama: FakeOllama, brain: Any) -> None:
    """Row 24: `finish_reason: null` in JSON, and no answer at all."""
    ollama.brain = brain
    with pytest.raises(openai.InternalServerError) as failed:
        ask(wye)
    assert (failed.value.status_code, failed.value.code) == (502, "upstream_error")


def test_an_empty_answer_of_another_type_is_no_stream(wye: Wye, ollama: FakeOllama) -> None:
    """Row 24: 200, `application/x-ndjson`, nothing."""
    ollama.brain = says(Die())
    with pytest.raises(openai.InternalServerError) as failed:
        stream(wye)
    assert (failed.value.status_code, failed.value.code) == (502, "upstream_error")


def test_the_answer_names_the_model_that_answered(wye: Wye) -> None:
    """Row 25: `model` echo."""
    assert ask(wye, model="nobody-has-this").model == "llama3"
    assert {chunk.model for chunk in stream(wye, model="llama3:latest")} == {"llama3:latest"}


def test_a_missing_model_is_said_in_openais_words(wye: Wye) -> None:
    """Row 26: model 404."""
    with pytest.raises(openai.NotFoundError) as missing:
        ask(wye, model="up:nobody-has-this")
    error = missing.value
    assert (error.code, error.type, error.param) == ("model_not_found", "invalid_request_error", "model")
    assert "`nobody-has-this` does not exist" in error.message


@pytest.mark.parametrize("model", ["small", "unshifted"])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_prompt_over_the_context_is_said_in_openais_words(wye: Wye, model: str, streamed: bool) -> None:
    """Row 27: context overflow, of llama-server (JSON in a string) and of Ollama's own rendering."""
    with Raw(wye, chat("word " * 50, model=model, stream=streamed)) as raw:
        error = raw.error()
        assert raw.answer.status == 400
    assert error["type"] == "invalid_request_error"
    assert (error["code"], error["param"]) == ("context_length_exceeded", "messages")
    assert "context" in error["message"]
    assert "{" not in error["message"]


def answered(status: int, body: bytes, kind: str) -> Handler:
    async def handle(_: Request, wire: Wire) -> None:
        await wire.reply(status, body, {"content-type": kind})

    return handle


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b'{"error":"string form"}', "application/json", "string form"),
        (b'{"error":{"message":"object form"}}', "application/json", "object form"),
        (b'"bare string"', "application/json", "bare string"),
        (b"404 page not found", "text/plain", "404 page not found"),
        (b"<html><h1>Bad</h1></html>", "text/html", "HTML"),
        (b"", "text/plain", "without saying why"),
    ],
)
@pytest.mark.parametrize("status", [403, 500, 503])
def test_an_error_of_any_shape_becomes_openais(
    wye: Wye, ollama: FakeOllama, body: bytes, kind: str, said: str, status: int
) -> None:
    """Row 31: string, empty and text errors."""
    ollama.handler = answered(status, body, kind)
    with Raw(wye, chat(model="llama3")) as raw:
        error = raw.error()
        assert raw.answer.status == status
    assert said in error["message"]
    assert error["type"] == ("permission_error" if status == 403 else "server_error")


def test_a_disabled_cloud_is_said_in_openais_shape(wye: Wye, ollama: FakeOllama) -> None:
    """Row 31: Ollama's own string error."""
    ollama.cloud.disabled = True
    with pytest.raises(openai.PermissionDeniedError, match="ollama cloud is disabled") as refused:
        ask(wye, model="up:gpt-oss:120b-cloud")
    assert refused.value.type == "permission_error"


def test_a_stream_says_that_nobody_may_hold_it_back(wye: Wye) -> None:
    """Row 42: SSE headers."""
    with Raw(wye, chat(model="llama3", stream=True)) as raw:
        headers = raw.headers
        raw.rest()
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-cache, no-transform"
    assert headers["x-accel-buffering"] == "no"
    assert headers["x-request-id"] == headers["x-wye-id"]
