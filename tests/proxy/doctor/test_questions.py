from typing import Any

import pytest

from proxy.doctor.ask import Unreachable
from proxy.doctor.questions import Questions
from routing_rules import Target
from tests.fakes.asked import STREAM, FakeAsk, Question, listing


async def asked(key: str | None = None, **keys: Any) -> Question:
    ask = FakeAsk({"models": listing(), "completions": STREAM})
    target = Target(**{"kind": "compatible", "url": "http://host/v1/", **keys})
    await Questions(target, key, ask, 1.0).chat("some/model")
    return ask.asked[0]


@pytest.mark.anyio
async def test_a_chat_is_a_stream_as_short_as_can_be() -> None:
    question = await asked()
    assert (question.method, question.url) == ("POST", "http://host/v1/chat/completions")
    assert question.body["stream"] is True
    assert (question.body["model"], question.body["max_tokens"]) == ("some/model", 1)
    assert question.headers["content-type"] == "application/json"
    assert "authorization" not in question.headers


@pytest.mark.anyio
async def test_openai_gets_the_length_in_the_words_that_all_its_models_take() -> None:
    question = await asked(kind="openai")
    assert "max_tokens" not in question.body
    assert question.body["max_completion_tokens"] == 16


@pytest.mark.anyio
async def test_a_key_goes_where_the_target_wants_it() -> None:
    assert (await asked("hunter2")).headers["authorization"] == "Bearer hunter2"
    azure = await asked("hunter2", auth="header:Api-Key")
    assert azure.headers["api-key"] == "hunter2"
    assert "authorization" not in azure.headers


@pytest.mark.anyio
async def test_a_targets_own_headers_and_query_travel_too() -> None:
    question = await asked(
        url="http://host/deployments/{model}", query={"api-version": "1 2"}, headers={"X-A": "b"}, organization="o"
    )
    assert question.url == "http://host/deployments/some%2Fmodel/chat/completions?api-version=1+2"
    assert (question.headers["x-a"], question.headers["openai-organization"]) == ("b", "o")


@pytest.mark.anyio
async def test_the_limit_holds_even_for_whoever_ignores_it() -> None:
    questions = Questions(Target(kind="ollama", url="http://host/v1"), None, FakeAsk({"models": 60.0}), 0.05)
    with pytest.raises(Unreachable, match=r"no answer within 0\.05 s"):
        await questions.models()
