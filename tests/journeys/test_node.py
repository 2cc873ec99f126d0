"""The `openai` npm package through wye: what it reads, and that it raises what it must."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.ollama import FakeModel, FakeOllama, ToolCall, echo, says
from tests.fakes.upstream import FakeOpenAI, error, json_reply, stream_then
from tests.journeys.dialects import FAILING, HARMLESS, failing, two_words
from tests.journeys.node_client import NodeClient, node_client
from tests.journeys.raw import ready
from tests.wye_process import Wye

HELLO: dict[str, Any] = {"messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture(scope="module")
def node() -> Iterator[NodeClient]:
    with node_client() as client:
        yield client


@pytest.fixture(scope="module")
def ollama() -> Iterator[FakeOllama]:
    with FakeOllama({"llama3": FakeModel({"completion", "tools"}), "org/qwen:4b": FakeModel()}) as server:
        yield server


@pytest.fixture(scope="module")
def wye(ollama: FakeOllama, cloud: FakeOpenAI) -> Iterator[Wye]:
    with Wye(f"""
[target.local]
kind = "ollama"
url = "{ollama.base_url}"
accepts = ["*"]
[target.cloud]
kind = "openai"
url = "{cloud.base_url}"
[target.other]
kind = "compatible"
url = "{cloud.base_url}"
[[label]]
add = "private"
when = {{ secrets = true }}
[[rule]]
name = "gpt"
when = {{ model = "gpt-*" }}
use = ["cloud"]
[[rule]]
name = "other"
when = {{ model = "other" }}
use = ["other:gpt-4o"]
[[rule]]
name = "local"
use = ["local"]
""") as server:
        yield ready(server)


@pytest.fixture(autouse=True)
def _usual_answers(ollama: FakeOllama, cloud: FakeOpenAI) -> None:
    ollama.brain, cloud.script = echo, None


def text(chunks: list[Any]) -> str:
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])


@pytest.mark.parametrize(("model", "said"), [("gpt-4o", "openai:gpt-4o: hello"), ("llama3", "ollama:llama3: hello")])
def test_a_whole_answer(wye: Wye, node: NodeClient, model: str, said: str) -> None:
    outcome = node(wye, "chat", model=model, **HELLO)
    assert "error" not in outcome
    assert outcome["answer"]["choices"][0]["message"]["content"] == said
    assert outcome["answer"]["usage"]["total_tokens"] > 0


@pytest.mark.parametrize(("model", "said"), [("gpt-4o", "openai:gpt-4o: hello"), ("llama3", "ollama:llama3: hello")])
def test_a_stream(wye: Wye, node: NodeClient, model: str, said: str) -> None:
    outcome = node(wye, "stream", model=model, **HELLO)
    assert "error" not in outcome
    assert text(outcome["chunks"]) == said
    assert outcome["chunks"][-1]["choices"][0]["finish_reason"] == "stop"
    assert not any(chunk.get("usage") for chunk in outcome["chunks"])


@pytest.mark.parametrize("model", ["gpt-4o", "llama3"])
def test_a_stream_with_usage(wye: Wye, node: NodeClient, model: str) -> None:
    outcome = node(wye, "stream", model=model, stream_options={"include_usage": True}, **HELLO)
    *before, last = outcome["chunks"]
    assert all(chunk["usage"] is None for chunk in before)
    assert (last["choices"], last["usage"]["total_tokens"] > 0) == ([], True)


def test_tool_calls(wye: Wye, node: NodeClient, ollama: FakeOllama) -> None:
    ollama.brain = says(ToolCall("look", {"at": "sky"}, id=""))
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    (call,) = node(wye, "chat", model="llama3", tools=[tool], **HELLO)["answer"]["choices"][0]["message"]["tool_calls"]
    assert (call["function"]["name"], call["function"]["arguments"]) == ("look", '{"at":"sky"}')
    assert call["id"]


def test_a_label_that_nobody_accepts(wye: Wye, node: NodeClient) -> None:
    secret = [{"role": "user", "content": "my password is hunter2-Blue42"}]
    failed = node(wye, "chat", model="gpt-4o", messages=secret)["error"]
    assert (failed["class"], failed["status"], failed["code"]) == ("PermissionDeniedError", 403, "egress_refused")
    assert failed["requestID"].startswith("wye-")


def test_a_model_that_is_not_there(wye: Wye, node: NodeClient) -> None:
    failed = node(wye, "chat", model="local:none", **HELLO)["error"]
    assert (failed["class"], failed["status"], failed["code"]) == ("NotFoundError", 404, "model_not_found")
    assert "`none` does not exist" in failed["message"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "BadRequestError"), (401, "AuthenticationError"), (429, "RateLimitError"), (503, "InternalServerError")],
)
def test_an_error_of_the_upstream(wye: Wye, node: NodeClient, cloud: FakeOpenAI, status: int, kind: str) -> None:
    cloud.script = error(status, "some_code", "some words", headers={"x-request-id": "req_1"})
    failed = node(wye, "chat", model="gpt-4o", **HELLO)["error"]
    assert (failed["class"], failed["code"], failed["requestID"]) == (kind, "some_code", "req_1")
    assert "some words" in failed["message"]


def test_a_whole_answer_in_place_of_a_stream(wye: Wye, node: NodeClient, cloud: FakeOpenAI) -> None:
    cloud.script = json_reply(200, {"error": "Unexpected endpoint or method. (POST /v1/chat/completions)"})
    failed = node(wye, "stream", model="other", **HELLO)["error"]
    assert (failed["status"], failed["code"]) == (502, "upstream_error")
    assert "Unexpected endpoint" in failed["message"]


@pytest.mark.parametrize("how", ["cut", "eof", "error"])
def test_a_stream_that_breaks_off(wye: Wye, node: NodeClient, cloud: FakeOpenAI, how: Any) -> None:
    cloud.script = stream_then(2, how)
    outcome = node(wye, "stream", model="gpt-4o", **HELLO)
    assert outcome["error"]["type"] == "server_error"
    assert outcome["error"]["class"] in {"APIError", "InternalServerError"}


@pytest.mark.parametrize(("frames", "said"), FAILING)
def test_a_stream_that_fails_in_any_dialect(
    wye: Wye, node: NodeClient, cloud: FakeOpenAI, frames: list[bytes], said: str
) -> None:
    cloud.script = failing(frames)
    assert said in node(wye, "stream", model="other", **HELLO)["error"]["message"]


@pytest.mark.parametrize("between", HARMLESS)
def test_what_would_break_it_is_not_handed_on(wye: Wye, node: NodeClient, cloud: FakeOpenAI, between: bytes) -> None:
    cloud.script = two_words(between)
    outcome = node(wye, "stream", model="other", **HELLO)
    assert "error" not in outcome
    assert text(outcome["chunks"]) == "haha"


def test_the_models(wye: Wye, node: NodeClient) -> None:
    listed = [model["id"] for model in node(wye, "list")["answer"]]
    assert listed == ["llama3:latest", "org/qwen:4b", "gpt-4o-mini", "gpt-4o"]
    assert node(wye, "retrieve", model="org/qwen:4b")["answer"]["id"] == "org/qwen:4b"
    assert node(wye, "retrieve", model="no/such")["error"]["code"] == "model_not_found"
