from __future__ import annotations

import http.client
import json
from contextlib import closing
from typing import Any

import openai
import pytest

from tests.fakes.server import Handler
from tests.fakes.upstream import DONE, FakeOpenAI, endless, error, json_reply, silence, sse, stream_then

ASK: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "one two three"}]}


def post(fake: FakeOpenAI, body: object, path: str = "/v1/chat/completions") -> tuple[int, dict[str, str], bytes]:
    with closing(http.client.HTTPConnection(fake.host, fake.port, timeout=5)) as connection:
        connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
        with connection.getresponse() as answer:
            data = answer.read()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, data


def chunks(data: bytes) -> list[dict[str, Any]]:
    events = data.decode().removesuffix("\n\n").split("\n\n")
    assert events.pop() == "data: [DONE]"
    return [json.loads(event.removeprefix("data: ")) for event in events]


def client(fake: FakeOpenAI, key: str = "sk-test") -> openai.OpenAI:
    return openai.OpenAI(base_url=fake.base_url, api_key=key, max_retries=0)


def test_the_answer_names_the_model_and_echoes_the_last_user_text() -> None:
    with FakeOpenAI() as fake:
        status, headers, data = post(fake, ASK)
        assert status == 200
        assert {"x-request-id", "openai-processing-ms", "x-ratelimit-remaining-requests"} <= headers.keys()
        answer = json.loads(data)
        assert answer["choices"][0]["message"]["content"] == "openai:gpt-4o: one two three"
        assert answer["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0


def test_the_stream_has_the_grammar_of_the_real_one() -> None:
    with FakeOpenAI() as fake:
        got = chunks(post(fake, {**ASK, "stream": True, "stream_options": {"include_usage": True}})[2])
    role, *contents, finish, usage = got
    assert role["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert "".join(c["choices"][0]["delta"]["content"] for c in contents) == "openai:gpt-4o: one two three"
    assert finish["choices"][0] == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    assert all(chunk["usage"] is None for chunk in got[:-1])
    assert usage["choices"] == []
    assert usage["usage"]["total_tokens"] == usage["usage"]["prompt_tokens"] + len(contents)
    assert len({chunk["id"] for chunk in got}) == 1
    assert all("obfuscation" in chunk for chunk in got)


def test_without_include_usage_no_chunk_has_a_usage() -> None:
    with FakeOpenAI() as fake:
        options = {"include_obfuscation": False}
        got = chunks(post(fake, {**ASK, "stream": True, "stream_options": options})[2])
    assert not any("usage" in chunk or "obfuscation" in chunk for chunk in got)


def test_the_sdk_reads_a_stream_with_a_forced_tool_call() -> None:
    tool: Any = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    with (
        FakeOpenAI() as fake,
        client(fake) as sdk,
        sdk.chat.completions.stream(**ASK, tools=[tool], tool_choice="required") as stream,
    ):
        final = stream.get_final_completion().choices[0]
    assert final.finish_reason == "tool_calls"
    assert final.message.tool_calls is not None
    assert json.loads(final.message.tool_calls[0].function.arguments) == {"text": "one two three"}


def test_a_token_cap_ends_with_length_and_several_choices_interleave() -> None:
    with FakeOpenAI() as fake:
        capped = json.loads(post(fake, {**ASK, "max_completion_tokens": 2})[2])["choices"][0]
        assert (capped["message"]["content"], capped["finish_reason"]) == ("openai:gpt-4o: one ", "length")
        got = chunks(post(fake, {**ASK, "stream": True, "n": 2})[2])
        assert [chunk["choices"][0]["index"] for chunk in got] == [0, 1] * (len(got) // 2)


@pytest.mark.parametrize(
    ("body", "path", "status", "code"),
    [
        ({**ASK, "model": "no"}, "/v1/chat/completions", 404, "model_not_found"),
        ({**ASK, "stream_options": {"include_usage": True}}, "/v1/chat/completions", 400, None),
        ({"model": "gpt-4o"}, "/v1/chat/completions", 400, "missing_required_parameter"),
        (ASK, "/v1/unknown", 404, None),
    ],
)
def test_refusals_have_openais_shape(body: object, path: str, status: int, code: str | None) -> None:
    with FakeOpenAI() as fake:
        got, _, data = post(fake, body, path)
    assert got == status
    assert json.loads(data)["error"].keys() == {"message", "type", "param", "code"}
    assert json.loads(data)["error"]["code"] == code


def test_a_wrong_key_is_refused_and_the_right_one_lists_the_models() -> None:
    with (
        FakeOpenAI(["m"], key="sk-right") as fake,
        client(fake, "sk-wrong") as wrong,
        client(fake, "sk-right") as right,
    ):
        with pytest.raises(openai.AuthenticationError) as caught:
            wrong.models.list()
        assert caught.value.code == "invalid_api_key"
        assert [model.id for model in right.models.list()] == ["m"]
        assert right.models.retrieve("m").owned_by == "system"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (sse({"a": 1}, "text", b": comment\n"), b'data: {"a":1}\n\ndata: text\n\n: comment\n' + DONE),
        (sse(b"x", end="eof"), b"x"),
        (json_reply(200, b"{}"), b"{}"),
    ],
)
def test_scripts_send_exactly_what_they_say(script: Handler, expected: bytes) -> None:
    with FakeOpenAI() as fake:
        fake.script = script
        assert post(fake, ASK)[2] == expected


def test_an_error_script_carries_code_and_headers() -> None:
    with FakeOpenAI() as fake:
        fake.script = error(429, "rate_limit_exceeded", headers={"retry-after": "1"})
        status, headers, data = post(fake, ASK)
    assert (status, headers["retry-after"]) == (429, "1")
    assert json.loads(data)["error"]["type"] == "requests"


def test_streams_fail_in_the_way_asked_for() -> None:
    with FakeOpenAI() as fake:
        fake.script = stream_then(2, "eof")
        assert post(fake, ASK)[2].count(b"piece") == 2
        fake.script = stream_then(1, "error")
        assert b'"error"' in post(fake, ASK)[2]
        fake.script = stream_then(1, "cut")
        with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
            post(fake, ASK)


@pytest.mark.parametrize("script", [silence(), endless("x"), stream_then(1, "stall")])
def test_unending_scripts_end_when_the_client_leaves(script: Handler) -> None:
    with FakeOpenAI(script=script) as fake:
        connection = http.client.HTTPConnection(fake.host, fake.port, timeout=5)
        connection.request("POST", "/v1/chat/completions", json.dumps(ASK))
        fake.wait_for(lambda requests: len(requests) == 1)
        connection.close()
        assert fake.requests[0].gone.wait(5)
