"""One suite for every provider: what all of them promise, whatever dialect they speak."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from proxy.errors import BadGateway, UpstreamAnswered
from proxy.providers import PROVIDERS
from proxy.providers.base import Provider
from proxy.wire.sse import Frame
from proxy.wire.usage import Usage
from routing_rules.spec import Kind
from tests.fakes.asks import WITH_USAGE, ask, chat

USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
CONTENT = {"index": 0, "delta": {"role": "assistant", "content": "hi"}, "finish_reason": None}
STOP = {"index": 0, "delta": {}, "finish_reason": "stop"}


@pytest.fixture(params=sorted(PROVIDERS))
def provider(request: pytest.FixtureRequest) -> Provider:
    return PROVIDERS[request.param]


def frame(**document: object) -> Frame:
    return Frame(json.dumps({"id": "c", "model": "m", **document}).encode())


def test_every_kind_of_target_has_its_provider() -> None:
    assert PROVIDERS.keys() == set(get_args(Kind))


def test_a_request_names_the_upstreams_model_and_asks_for_usage(provider: Provider) -> None:
    body = json.loads(provider.prepare(ask(chat(model="fast", stream=True), model="up")).body)
    assert (body["model"], body["stream"], body["stream_options"]["include_usage"]) == ("up", True, True)


def test_a_stream_that_is_whole_ends_well_and_is_counted(provider: Provider) -> None:
    events = provider.events(ask(chat(stream=True)))
    chunks = [
        events.read(one) for one in (frame(choices=[CONTENT]), frame(choices=[STOP]), frame(choices=[], usage=USAGE))
    ]
    assert (events.finished, events.done) == (True, False)
    assert events.read(Frame(b"[DONE]")) is None
    assert (events.end(), events.done, events.usage) == (None, True, Usage(3, 2, 5))
    assert chunks[2] is None
    assert [chunk.content for chunk in chunks if chunk] == [True, True]


def test_usage_that_was_asked_for_is_the_last_thing_given(provider: Provider) -> None:
    events = provider.events(ask(chat(**WITH_USAGE)))
    given = [
        events.read(one) for one in (frame(choices=[CONTENT]), frame(choices=[STOP]), frame(choices=[], usage=USAGE))
    ]
    events.read(Frame(b"[DONE]"))
    last = [json.loads(chunk.payload) for chunk in (*given, events.end()) if chunk][-1]
    assert last["choices"] == []
    assert {name: last["usage"][name] for name in USAGE} == USAGE


def test_a_stream_that_is_cut_is_an_error(provider: Provider) -> None:
    events = provider.events(ask(chat(stream=True)))
    events.read(frame(choices=[CONTENT]))
    with pytest.raises(BadGateway):
        events.end()


def test_an_error_in_a_stream_is_an_error(provider: Provider) -> None:
    events = provider.events(ask(chat(stream=True)))
    events.read(frame(choices=[CONTENT]))
    with pytest.raises(UpstreamAnswered, match="out of memory"):
        events.read(frame(error={"message": "out of memory"}))


def test_what_is_no_answer_is_an_error(provider: Provider) -> None:
    with pytest.raises(BadGateway):
        provider.answer(b'{"object":"list"}', ask())


def test_an_error_keeps_its_status(provider: Provider) -> None:
    assert provider.failure(503, {}, b'{"error":"busy"}', ask()).status == 503


def test_nesting_that_is_too_deep_is_the_upstreams_failure_and_not_ours(provider: Provider) -> None:
    deep = b'{"error":' + b"[" * 100_000
    assert provider.failure(500, {}, deep, ask()).status == 500
    with pytest.raises(BadGateway):
        provider.events(ask(chat(stream=True))).read(Frame(deep))
