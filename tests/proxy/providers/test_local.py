from __future__ import annotations

import json
from typing import Any

import pytest

from proxy.errors import BadGateway, EgressRefused, UpstreamAnswered
from proxy.providers.base import Ask, Provider
from proxy.providers.local import Compatible, Ollama
from proxy.wire.sse import Frame
from proxy.wire.usage import Usage
from routing_rules import Rewrite
from tests.fakes.asks import HELLO, ask, chat

BOTH = pytest.mark.parametrize("provider", [Compatible(), Ollama()], ids=["compatible", "ollama"])
PRIVATE = frozenset({"private"})


def sent(provider: Provider, asked: Ask) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(provider.prepare(asked).body)
    return body


@BOTH
def test_the_upstreams_model_is_asked_for_and_wyes_own_field_stays_here(provider: Provider) -> None:
    request = chat(model="fast", temperature=1.0, routing_preferences={"privacy_level": "high"})
    assert sent(provider, ask(request, model="llama3.2")) == {
        "model": "llama3.2",
        "messages": HELLO,
        "temperature": 1.0,
    }


@BOTH
def test_the_rules_rewrite_is_applied(provider: Provider) -> None:
    rewrite = Rewrite(set={"temperature": 0}, default={"seed": 1}, drop=("top_p",))
    body = sent(provider, ask(chat(temperature=1, top_p=1), rewrite=rewrite))
    assert body == {"model": "m", "messages": HELLO, "temperature": 0, "seed": 1}


@BOTH
@pytest.mark.parametrize("options", [{}, {"stream_options": {"include_usage": False}}, {"stream_options": None}])
def test_a_stream_is_always_asked_for_its_usage(provider: Provider, options: dict[str, Any]) -> None:
    assert sent(provider, ask(chat(stream=True, **options)))["stream_options"] == {"include_usage": True}
    assert "stream_options" not in sent(provider, ask(chat()))


def test_only_ollamas_request_is_rewritten() -> None:
    fields: dict[str, Any] = {"max_completion_tokens": 5, "n": 2, "tool_choice": "required", "user": "u"}
    request = chat(**fields)
    assert sent(Compatible(), ask(request)) == {"model": "m", "messages": HELLO, **fields}
    prepared = Ollama().prepare(ask(chat(**{**fields, "n": 1})))
    assert json.loads(prepared.body) == {"model": "m", "messages": HELLO, "max_tokens": 5}
    assert prepared.dropped == ("tool_choice",)


@BOTH
def test_a_labelled_request_does_not_go_to_ollamas_cloud(provider: Provider) -> None:
    with pytest.raises(EgressRefused):
        provider.prepare(ask(model="gpt-oss:120b-cloud", labels=PRIVATE, version="0.34.0"))
    assert sent(provider, ask(model="gpt-oss:120b-cloud"))["model"] == "gpt-oss:120b-cloud"


def test_a_labelled_request_asks_ollama_for_what_it_has_itself() -> None:
    assert sent(Ollama(), ask(model="gpt-oss:120b", labels=PRIVATE, version="0.17.8"))["model"] == "gpt-oss:120b:local"
    assert sent(Ollama(), ask(model="gpt-oss:120b"))["model"] == "gpt-oss:120b"
    assert sent(Compatible(), ask(model="gpt-oss:120b", labels=PRIVATE))["model"] == "gpt-oss:120b"


@pytest.mark.parametrize(
    ("version", "words"), [("0.17.7", "too old"), ("0.0.0", "too old"), (None, "does not say which version")]
)
def test_an_ollama_that_could_hand_it_on_is_not_given_a_labelled_request(version: str | None, words: str) -> None:
    with pytest.raises(EgressRefused, match=words):
        Ollama().prepare(ask(labels=PRIVATE, version=version))
    assert sent(Ollama(), ask(version=version))["model"] == "m"


LOCALLY = ask(model="m", labels=PRIVATE, version="0.34.0")


def test_an_answer_names_the_model_as_it_was_asked_for() -> None:
    for said in ("m:local", "m", ""):
        whole = Ollama().answer(json.dumps({**ANSWER, "model": said}).encode(), LOCALLY)
        assert json.loads(whole.body)["model"] == "m"
        events = Ollama().events(ask(chat(stream=True), labels=PRIVATE, version="0.34.0"))
        chunk = {"model": said or "m:local", "choices": [{"index": 0, "delta": {"content": "a"}}]}
        written = events.read(Frame(json.dumps(chunk).encode()))
        assert written is not None
        assert json.loads(written.payload)["model"] == "m"


def test_so_does_an_error_wherever_it_comes() -> None:
    error = {"error": {"message": '"m:local" does not support tools', "type": "invalid_request_error"}}
    body = json.dumps(error).encode()
    assert Ollama().failure(400, {}, body, LOCALLY).message == '"m" does not support tools'
    for read in (
        lambda: Ollama().answer(body, LOCALLY),
        lambda: Ollama().events(LOCALLY).read(Frame(body)),
        lambda: Ollama().events(LOCALLY).read(Frame(body, "error")),
    ):
        with pytest.raises(UpstreamAnswered) as caught:
            read()
        assert caught.value.message == '"m" does not support tools'
    missing = Ollama().failure(404, {}, b'{"error":{"message":"model \'m:local\' not found"}}', LOCALLY)
    assert (missing.code, ":local" in missing.message) == ("model_not_found", False)


ANSWER = {
    "id": "chatcmpl-7",
    "model": "llama3.2",
    "created": 1,
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}


@BOTH
def test_an_answer_is_mended_and_its_usage_counted(provider: Provider) -> None:
    answer = provider.answer(json.dumps(ANSWER).encode(), ask())
    assert json.loads(answer.body)["choices"][0]["message"]["refusal"] is None
    assert answer.usage == Usage(3, 2, 5)


@BOTH
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"\xff", b"null", b"[]", b'"x"', b"{}", b'{"choices":[]}', b'{"a":"\xff"}']
)
def test_what_is_no_answer_is_the_upstreams_failure(provider: Provider, body: bytes) -> None:
    with pytest.raises(BadGateway):
        provider.answer(body, ask())


@BOTH
@pytest.mark.parametrize("error", ["no memory", {"message": "no memory"}, {"code": 500, "message": "no memory"}])
def test_an_error_with_status_200_is_an_error(provider: Provider, error: Any) -> None:
    with pytest.raises(UpstreamAnswered, match="no memory"):
        provider.answer(json.dumps({"error": error}).encode(), ask())


@BOTH
def test_a_null_error_is_none(provider: Provider) -> None:
    assert provider.answer(json.dumps({**ANSWER, "error": None}).encode(), ask()).usage == Usage(3, 2, 5)


@BOTH
def test_failures_are_brought_into_openais_shape(provider: Provider) -> None:
    error = provider.failure(404, {}, b'{"error":"model \'x\' not found"}', ask(model="llama3.2"))
    assert (error.status, error.code) == (404, "model_not_found")
    assert "llama3.2" in error.message


@BOTH
def test_a_second_model_under_other_letters_is_left_out_and_said_to_be(provider: Provider) -> None:
    prepared = provider.prepare(ask(chat(MODEL="gpt-oss:120b-cloud", moDel="x"), model="up"))
    assert json.loads(prepared.body) == {"model": "up", "messages": HELLO}
    assert set(prepared.dropped) >= {"MODEL", "moDel"}


@BOTH
def test_an_answer_that_is_nested_too_deeply_is_the_upstreams_failure(provider: Provider) -> None:
    with pytest.raises(BadGateway):
        provider.answer(b'{"choices":' + b"[" * 100_000, ask())
