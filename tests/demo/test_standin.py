from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection

import openai
import pytest

from proxy.demo.children import Child, free_port, module
from proxy.demo.samples import connect

HELLO: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": "Hello there"}]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    port = free_port()
    child = Child("the stand-in", module("proxy.demo.standin", "--port", str(port)))
    child.wait_until_ready(port, "/v1/models")
    yield port
    child.stop()


@pytest.fixture
def client(port: int) -> Iterator[openai.OpenAI]:
    with connect(f"http://127.0.0.1:{port}/v1") as client:
        yield client


def events(port: int, options: dict[str, bool] | None = None) -> list[bytes]:
    body = {"model": "gpt-4o", "messages": HELLO, "stream": True, "stream_options": options}
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/v1/chat/completions", json.dumps(body))
    reply = connection.getresponse()
    assert reply.getheader("content-type", "").startswith("text/event-stream")
    frames = reply.read().split(b"\n\n")
    connection.close()
    assert frames[-2:] == [b"data: [DONE]", b""]
    return [frame.removeprefix(b"data: ") for frame in frames[:-2]]


def test_its_models_are_owned_by_the_stand_in(client: openai.OpenAI) -> None:
    assert {model.id: model.owned_by for model in client.models.list()} == {
        "gpt-4o": "stand-in",
        "gpt-4o-mini": "stand-in",
    }


def test_its_answer_says_that_it_is_a_stand_in(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
    assert (answer.choices[0].message.content or "").startswith("(stand-in for OpenAI, no key set)")
    assert (answer.model, answer.choices[0].finish_reason, answer.choices[0].message.refusal) == (
        "gpt-4o-mini",
        "stop",
        None,
    )
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 2
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer._request_id


def test_its_stream_adds_up_to_the_same_words(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="gpt-4o", messages=HELLO).choices[0].message.content
    with client.chat.completions.stream(model="gpt-4o", messages=HELLO) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.content == whole
    assert final.choices[0].message.role == "assistant"


def test_its_stream_has_the_shape_of_openai(port: int) -> None:
    first, second, *_, last = (json.loads(event) for event in events(port))
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert second["choices"][0]["delta"] == {"content": "(stand-in"}
    assert last["choices"][0] == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    assert {tuple(chunk[key] for key in ("id", "created", "model")) for chunk in (first, second, last)} == {
        (first["id"], first["created"], "gpt-4o")
    }
    assert not any("usage" in chunk for chunk in (first, second, last))


def test_usage_comes_last_when_it_was_asked_for(port: int) -> None:
    *before, last = (json.loads(event) for event in events(port, {"include_usage": True}))
    assert all(chunk["usage"] is None for chunk in before)
    assert last["choices"] == []
    assert last["usage"]["prompt_tokens"] == 2


def test_an_unknown_model_is_refused_as_openai_does(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        client.chat.completions.create(model="llama3", messages=HELLO)
    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")


def test_a_body_that_is_not_a_request_is_a_400(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="could not parse"):
        client.post("/chat/completions", body={"model": 4}, cast_to=object)


def test_any_other_path_is_a_404_in_shape(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="Invalid URL"):
        client.embeddings.create(model="gpt-4o", input="x", encoding_format="float")
