"""LangChain and the OpenAI Agents SDK through wye, to an Ollama and to an OpenAI."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    RunConfig,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI, DefaultHttpxClient
from pydantic import BaseModel, SecretStr

from tests.fakes.ollama import FakeModel, FakeOllama, calls_tools, echo
from tests.fakes.upstream import FakeOpenAI
from tests.journeys.raw import chats, ready
from tests.wye_process import Wye, two_targets

Llm = Callable[..., ChatOpenAI]
MODELS = ("gpt-4o", "llama3")


@pytest.fixture(scope="module")
def ollama() -> Iterator[FakeOllama]:
    with FakeOllama({"llama3": FakeModel({"completion", "tools"})}) as server:
        yield server


@pytest.fixture(scope="module")
def wye(ollama: FakeOllama, cloud: FakeOpenAI) -> Iterator[Wye]:
    with Wye(two_targets(ollama.base_url, cloud.base_url)) as server:
        yield ready(server)


@pytest.fixture(autouse=True)
def _usual_brain(ollama: FakeOllama) -> None:
    ollama.brain = echo


@pytest.fixture
def llm(wye: Wye) -> Iterator[Llm]:
    """Make a ChatOpenAI for a model, as an application would."""
    with DefaultHttpxClient() as http:

        def make(model: str, **more: Any) -> ChatOpenAI:
            key = SecretStr("sk-app")
            return ChatOpenAI(model=model, base_url=wye.base_url, api_key=key, max_retries=0, http_client=http, **more)

        yield make


def said(model: str) -> str:
    return f"{'openai' if model == 'gpt-4o' else 'ollama'}:{model}: hello"


@pytest.mark.parametrize("model", MODELS)
def test_langchain_gets_a_whole_answer(llm: Llm, model: str) -> None:
    answer = llm(model, max_tokens=50).invoke("hello")
    assert answer.content == said(model)
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["total_tokens"] > 0
    assert answer.response_metadata["finish_reason"] == "stop"


def test_langchains_cap_is_kept_by_ollama(llm: Llm, ollama: FakeOllama) -> None:
    answer = llm("llama3", max_tokens=1).invoke("hello")
    assert answer.response_metadata["finish_reason"] == "length"
    assert ollama.seen[-1]["options"]["num_predict"] == 1


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("usage", [False, True])
def test_langchain_gets_a_stream(llm: Llm, model: str, usage: bool) -> None:
    whole = None
    for piece in llm(model, stream_usage=usage).stream("hello"):
        whole = piece if whole is None else whole + piece
    assert whole is not None
    assert whole.content == said(model)
    assert (whole.usage_metadata is not None) is usage


@tool
def look(text: str) -> str:
    """Look somewhere."""
    return f"seen {text}"


@pytest.mark.parametrize("model", MODELS)
def test_langchain_calls_a_tool_and_tells_what_came_of_it(llm: Llm, ollama: FakeOllama, model: str) -> None:
    ollama.brain = calls_tools
    forced: dict[str, Any] = {"tool_choice": "look"} if model == "gpt-4o" else {}
    bound = llm(model).bind_tools([look], **forced)
    messages: list[BaseMessage] = [HumanMessage("hello")]
    called = bound.invoke(messages)
    (call,) = called.tool_calls
    assert (call["name"], call["args"]) == ("look", {"text": "hello"})
    messages += [called, ToolMessage(look.invoke(call["args"]), tool_call_id=call["id"])]
    assert llm(model).bind_tools([look]).invoke(messages).content == said(model)
    if model == "llama3":
        answered = ollama.seen[-1]["messages"][-1]
        assert answered == {"role": "tool", "content": "seen hello", "tool_name": "look", "tool_call_id": call["id"]}


class Reply(BaseModel):
    """What an answer is made of."""

    answer: str


def test_langchain_gets_an_object_from_ollama(llm: Llm, ollama: FakeOllama) -> None:
    model = llm("llama3").with_structured_output(Reply, method="json_schema")
    assert model.invoke("hello") == Reply(answer="hello")
    assert ollama.seen[-1]["format"]["properties"]["answer"]["type"] == "string"


@pytest.mark.parametrize("model", MODELS)
def test_the_agents_sdk_runs_a_tool(wye: Wye, ollama: FakeOllama, cloud: FakeOpenAI, model: str) -> None:
    looked: list[str] = []

    @function_tool
    def glance(text: str) -> str:
        """Look somewhere."""
        looked.append(text)
        return f"seen {text}"

    ollama.brain = calls_tools
    set_tracing_disabled(disabled=True)
    upstream, choice = (cloud, "required") if model == "gpt-4o" else (ollama, None)
    before = len(chats(upstream))

    async def run() -> str:
        async with AsyncOpenAI(base_url=wye.base_url, api_key="sk-app", max_retries=0) as client:
            agent = Agent(
                name="looker",
                instructions="Look before you answer.",
                model=OpenAIChatCompletionsModel(model, client),
                model_settings=ModelSettings(tool_choice=choice),
                tools=[glance],
            )
            outcome = await Runner.run(agent, "hello", run_config=RunConfig(tracing_disabled=True))
        return str(outcome.final_output)

    assert asyncio.run(run()) == said(model)
    assert looked == ["hello"]
    assert len(chats(upstream)) == before + 2
