from __future__ import annotations

import http.client
import json
import threading
from contextlib import closing
from typing import Any

import openai
import pytest

from tests.fakes.ollama import (
    BUSY,
    Brain,
    Die,
    Fail,
    FakeModel,
    FakeOllama,
    Stall,
    Think,
    ToolCall,
    calls_tools,
    says,
)

CHAT = "/v1/chat/completions"
USER: dict[str, Any] = {"role": "user", "content": "one two"}
ASK: dict[str, Any] = {"model": "llama3", "messages": [USER]}
STREAM: dict[str, Any] = {**ASK, "stream": True, "stream_options": {"include_usage": True}}
PIXEL = "data:image/png;base64,iVBORw0KGgo="
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "look", "strict": True, "parameters": {"type": "object", "properties": {}}},
}
THINKING = {"completion", "thinking"}


def send(
    fake: FakeOllama, path: str, body: object = None, method: str | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    with closing(http.client.HTTPConnection(fake.host, fake.port, timeout=5)) as connection:
        connection.request(method or ("GET" if body is None else "POST"), path, data, headers)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, text


def ask(fake: FakeOllama, **more: Any) -> Any:
    return json.loads(send(fake, CHAT, {**ASK, **more})[2])


def refusal(fake: FakeOllama, **more: Any) -> tuple[int, str]:
    status, _, data = send(fake, CHAT, {**ASK, **more})
    return status, json.loads(data)["error"]["message"]


def stream(fake: FakeOllama, body: object = STREAM, path: str = CHAT) -> tuple[list[Any], bool]:
    events = send(fake, path, body)[2].decode().split("\n\n")[:-1]
    done = bool(events) and events[-1] == "data: [DONE]"
    return [json.loads(event.removeprefix("data: ")) for event in events[: len(events) - done]], done


def deltas(chunks: list[Any]) -> list[Any]:
    return [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]


def test_a_whole_answer_has_ollamas_fields_and_echoes_the_name_as_asked() -> None:
    with FakeOllama() as fake:
        answer = ask(fake)
        assert answer["choices"][0]["message"] == {"role": "assistant", "content": "ollama:llama3: one two"}
        assert answer["choices"][0]["finish_reason"] == "stop"
        assert answer["usage"] == {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}
        assert (answer["model"], answer["system_fingerprint"]) == ("llama3", "fp_ollama")
        assert 0 <= int(answer["id"].removeprefix("chatcmpl-")) < 999


def test_a_stream_is_role_content_finish_usage_done() -> None:
    with FakeOllama() as fake:
        status, headers, _ = send(fake, CHAT, STREAM)
        assert (status, headers["content-type"]) == (200, "text/event-stream")
        chunks, done = stream(fake)
        first, *middle, finish, usage = chunks
        assert first["choices"][0]["delta"] == {"role": "assistant", "content": "ollama:llama3: "}
        assert deltas(middle) == [{"content": "one "}, {"content": "two"}]
        assert finish["choices"] == [{"index": 0, "delta": {}, "finish_reason": "stop"}]
        assert (usage["choices"], usage["usage"]["completion_tokens"], done) == ([], 3, True)
        assert not any("usage" in chunk for chunk in chunks[:-1])
        assert len({(chunk["id"], chunk["created"]) for chunk in chunks}) == 1


def test_the_sdk_reads_stream_and_models() -> None:
    with FakeOllama() as fake, openai.OpenAI(base_url=fake.base_url, api_key="any", max_retries=0) as client:
        with client.chat.completions.stream(model="llama3", messages=[{"role": "user", "content": "hi"}]) as got:
            assert got.get_final_completion().choices[0].message.content == "ollama:llama3: hi"
        assert [(model.id, model.owned_by) for model in client.models.list()] == [("llama3:latest", "library")]
        assert client.models.retrieve("llama3").id == "llama3"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("library/llama3")


def test_what_the_model_sees_is_what_the_source_reads() -> None:
    with FakeOllama() as fake:
        ask(fake, max_completion_tokens=1, tool_choice="none", n=3, user="u", tools=[TOOL], stop="x", seed=7)
        seen = fake.seen[0]
        assert seen["options"] == {"temperature": 1.0, "top_p": 1.0, "stop": ["x"], "seed": 7}
        function = {"name": "look", "parameters": {"type": "object", "properties": {}}}
        assert seen["tools"] == [{"type": "function", "function": function}]
        assert (seen["format"], seen["think"]) == (None, None)
        ask(fake, max_tokens=2, response_format={"type": "json_object"}, temperature=0)
        assert fake.seen[1]["options"] == {"temperature": 0, "top_p": 1.0, "num_predict": 2}
        assert fake.seen[1]["format"] == "json"


def test_a_token_cap_ends_with_length() -> None:
    with FakeOllama() as fake:
        choice = ask(fake, max_tokens=2)["choices"][0]
        assert (choice["message"]["content"], choice["finish_reason"]) == ("ollama:llama3: one ", "length")


def test_content_arrays_become_one_message_for_each_part_and_a_tool_loses_its_id() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": PIXEL}}]
    tool = {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "r"}]}
    with FakeOllama() as fake:
        ask(fake, messages=[{"role": "User", "content": parts}, tool])
        image, text = {"role": "user", "content": "", "images": ["iVBORw0KGgo="]}, {"role": "user", "content": "a"}
        assert fake.seen[0]["messages"] == [text, image, {"role": "tool", "content": "r"}]


def test_a_tool_answer_in_a_string_keeps_its_id_and_learns_its_name() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}
    history = [USER, {"role": "assistant", "content": None, "tool_calls": [call]}]
    with FakeOllama() as fake:
        ask(fake, messages=[*history, {"role": "tool", "tool_call_id": "c1", "content": "r"}])
        messages = fake.seen[0]["messages"]
        assert messages[1]["tool_calls"][0]["function"]["arguments"] == {"a": 1}
        assert messages[2] == {"role": "tool", "content": "r", "tool_name": "look", "tool_call_id": "c1"}


def _content(*parts: object) -> list[Any]:
    return [{"role": "user", "content": list(parts)}]


def _history(arguments: object) -> list[Any]:
    return [{"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": arguments}}]}]


FIELD = "json: cannot unmarshal {} into Go struct field {} of type {}"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"messages": []}, "[] is too short - 'messages'"),
        ({"temperature": "1"}, FIELD.format("string", "ChatCompletionRequest.temperature", "float64")),
        ({"max_tokens": 10.0}, FIELD.format("number 10.0", "ChatCompletionRequest.max_tokens", "int")),
        ({"logprobs": 5}, FIELD.format("number", "ChatCompletionRequest.logprobs", "bool")),
        ({"messages": "x"}, FIELD.format("string", "ChatCompletionRequest.messages", "[]openai.Message")),
        ({"messages": [{"role": 5}]}, FIELD.format("number", "Message.messages.role", "string")),
        ({"reasoning": "low"}, FIELD.format("string", "ChatCompletionRequest.reasoning", "openai.Reasoning")),
        ({"messages": _history({})}, FIELD.format("object", ".messages.tool_calls.function.arguments", "string")),
        ({"messages": [{"role": "user", "content": None}]}, "invalid message content type: <nil>"),
        ({"messages": [{"role": "user", "content": 1}]}, "invalid message content type: float64"),
        ({"messages": _content({"type": "file"})}, "invalid message format"),
        (
            {"messages": _content({"type": "image_url", "image_url": "data:image/gif;base64,AA=="})},
            "invalid image input",
        ),
        ({"messages": _history("")}, "invalid tool call arguments"),
        ({"reasoning_effort": "high"}, '"llama3" does not support thinking'),
        ({"top_logprobs": 21}, "top_logprobs must be between 0 and 20"),
        ({"model": ""}, "model is required"),
        ({"model": "a b"}, "invalid model name"),
        ({"model": "x:local:cloud"}, 'use either :local or :cloud, not both: "x:local:cloud"'),
    ],
)
def test_bad_requests_get_the_texts_of_go(more: dict[str, Any], message: str) -> None:
    with FakeOllama() as fake:
        assert refusal(fake, **more) == (400, message)
        assert not fake.seen


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "EOF"),
        (b'{"model": "x"', "unexpected EOF"),
        (b"{nope}", "invalid character 'n' looking for beginning of object key string"),
        (b"[]", "json: cannot unmarshal array into Go value of type openai.ChatCompletionRequest"),
    ],
)
def test_bodies_that_are_no_request_get_the_texts_of_go(body: bytes, message: str) -> None:
    with FakeOllama() as fake:
        status, _, data = send(fake, CHAT, body, "POST")
        assert (status, json.loads(data)["error"]["message"]) == (400, message)


def test_remote_images_are_refused_and_empty_tool_calls_excuse_null_content() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://example.org/x.png"}}
    with FakeOllama() as fake:
        assert refusal(fake, messages=_content(image))[1].startswith("image URLs are not currently supported")
        assert ask(fake, messages=[USER, {"role": "assistant", "content": None, "tool_calls": []}])["choices"]


def test_unknown_models_and_missing_capabilities() -> None:
    with FakeOllama({"plain": FakeModel(), "embed": FakeModel({"embedding"})}) as fake:
        status, _, data = send(fake, CHAT, ASK)
        error = {"message": "model 'llama3' not found", "type": "not_found_error", "param": None, "code": None}
        assert (status, json.loads(data)) == (404, {"error": error})
        assert refusal(fake, model="plain", tools=[TOOL]) == (
            400,
            "registry.ollama.ai/library/plain:latest does not support tools",
        )
        assert refusal(fake, model="embed") == (400, '"embed" does not support chat')


def test_images_to_a_blind_native_model_get_the_runners_error_as_a_text() -> None:
    image = {"type": "image_url", "image_url": {"url": PIXEL}}
    with FakeOllama({"llama3": FakeModel(template="native")}) as fake:
        status, message = refusal(fake, messages=_content(image))
        assert status == 500
        assert json.loads(message)["error"]["message"].startswith("image input is not supported")


@pytest.mark.parametrize(
    ("effort", "think"), [(None, True), ("none", False), ("minimal", "low"), ("xhigh", "max"), ("medium", "medium")]
)
def test_thinking_is_on_unless_refused(effort: str | None, think: object) -> None:
    with FakeOllama({"llama3": FakeModel(THINKING)}) as fake:
        answer = ask(fake, **({} if effort is None else {"reasoning_effort": effort}))
        assert fake.seen[0]["think"] == think
        assert answer["choices"][0]["message"].get("reasoning") == ("let me think " if think else None)


def test_reasoning_streams_beside_empty_content_and_before_it() -> None:
    with FakeOllama({"llama3": FakeModel(THINKING)}) as fake:
        fake.brain = says(Think("hm"), "yes")
        assert deltas(stream(fake)[0]) == [
            {"role": "assistant", "content": "", "reasoning": "hm"},
            {"content": "yes"},
            {},
        ]


TWO_CALLS: Brain = says("so ", ToolCall("look", {"a": 1.0}), ToolCall("look", {"a": "<b>"}))


def test_built_in_parsers_give_each_call_whole_as_it_comes() -> None:
    with FakeOllama() as fake:
        fake.brain = TWO_CALLS
        chunks, _ = stream(fake, {**STREAM, "tools": [TOOL]})
        calls = [delta["tool_calls"] for delta in deltas(chunks) if "tool_calls" in delta]
        assert [[(c["index"], c["function"]["arguments"]) for c in group] for group in calls] == [
            [(0, '{"a":1}')],
            [(1, '{"a":"\\u003cb\\u003e"}')],
        ]
        assert all(len(group[0]["id"]) == 13 for group in calls)
        assert chunks[-2]["choices"][0]["finish_reason"] == "tool_calls"


def test_native_templates_give_all_calls_at_the_end() -> None:
    with FakeOllama({"llama3": FakeModel({"completion", "tools"}, template="native")}) as fake:
        fake.brain = TWO_CALLS
        said, called, finish = deltas(stream(fake, {**STREAM, "tools": [TOOL]})[0])
        assert (said["content"], called["content"], finish) == ("so ", "", {})
        assert [len(call["id"]) for call in called["tool_calls"]] == [32, 32]


def test_a_brain_that_likes_tools_calls_a_tool_and_then_answers() -> None:
    with FakeOllama() as fake:
        fake.brain = calls_tools
        choice = ask(fake, tools=[TOOL])["choices"][0]
        assert choice["finish_reason"] == "tool_calls"
        assert choice["message"]["content"] == ""
        assert choice["message"]["tool_calls"][0]["function"] == {"name": "look", "arguments": '{"text":"one two"}'}
        tool = {"role": "tool", "tool_call_id": "x", "content": "r"}
        assert ask(fake, tools=[TOOL], messages=[USER, tool])["choices"][0]["finish_reason"] == "stop"


def test_a_failure_before_the_first_word_has_its_status() -> None:
    with FakeOllama() as fake:
        fake.brain = says(Fail("broken", 500))
        assert refusal(fake, stream=True) == (500, "broken")
        fake.brain = says("part", Fail("broken"))
        assert refusal(fake) == (500, "broken")


def test_a_failure_in_the_middle_is_a_nameless_chunk_and_then_nothing() -> None:
    with FakeOllama() as fake:
        fake.brain = says("part", Fail("broken"))
        chunks, done = stream(fake)
        assert not done
        assert (chunks[-1]["model"], chunks[-1]["choices"][0]["delta"]) == ("", {"content": ""})
        assert all(chunk["choices"][0]["finish_reason"] is None for chunk in chunks)


def test_a_dead_runner_ends_the_stream_early_and_leaves_no_reason() -> None:
    with FakeOllama() as fake:
        fake.brain = says("part", Die())
        assert ask(fake)["choices"][0] == {
            "index": 0,
            "message": {"role": "assistant", "content": "part"},
            "finish_reason": None,
        }
        chunks, done = stream(fake)
        assert (len(chunks), done) == (1, False)


def test_long_histories_lose_their_oldest_messages() -> None:
    system = {"role": "system", "content": "be kind"}
    with FakeOllama({"llama3": FakeModel(context_length=5)}) as fake:
        answer = ask(fake, messages=[system, {"role": "user", "content": "a b c d"}, USER])
        assert fake.seen[0]["messages"] == [system, USER]
        assert answer["usage"]["prompt_tokens"] == 4


def test_a_last_message_that_is_too_long() -> None:
    long = [{"role": "user", "content": "a b c d"}]
    models = {name: FakeModel(context_length=3) for name in ("cut", "native", "fixed")}
    models["native"].template, models["fixed"].context_shift = "native", False
    with FakeOllama(models) as fake:
        assert ask(fake, model="cut", messages=long)["usage"]["prompt_tokens"] == 3
        status, message = refusal(fake, model="native", messages=long)
        assert (status, json.loads(message)["error"]["n_prompt_tokens"]) == (400, 4)
        assert refusal(fake, model="fixed", messages=long)[1].startswith("the prompt is longer than")


def _in_background(fake: FakeOllama, count: int) -> list[threading.Thread]:
    threads = [threading.Thread(target=ask, args=(fake,)) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_only_requests_that_need_a_load_are_told_that_the_server_is_busy() -> None:
    gate, stall = threading.Event(), threading.Event()
    with FakeOllama(max_queue=0) as fake:
        fake.runners.load_gate = gate
        first = _in_background(fake, 1)
        fake.wait_for(lambda _: fake.runners.pending == 1)
        assert refusal(fake) == (503, BUSY)
        fake.brain = says(Stall(stall), "x")
        gate.set()
        fake.wait_for(lambda _: fake.runners.active == 1)
        rest = _in_background(fake, 3)
        fake.wait_for(lambda _: fake.runners.waiting == 3)
        stall.set()
        for thread in first + rest:
            thread.join(5)
        assert fake.runners.loads == ["llama3:latest"]
        assert json.loads(send(fake, "/api/ps")[2])["models"][0]["context_length"] == 4096


def test_a_client_that_leaves_aborts_its_load_and_frees_its_slot() -> None:
    gate = threading.Event()
    with FakeOllama() as fake:
        fake.runners.load_gate = gate
        with closing(http.client.HTTPConnection(fake.host, fake.port)) as connection:
            connection.request("POST", CHAT, json.dumps(ASK))
            fake.wait_for(lambda _: bool(fake.runners.loads))
        fake.wait_for(lambda _: fake.runners.pending == 0)
        assert not fake.runners.loaded
        gate.set()
        assert ask(fake)["choices"]
        assert len(fake.runners.loads) == 2


def test_a_client_that_leaves_in_the_middle_frees_its_slot() -> None:
    with FakeOllama() as fake:
        fake.brain = says("part", Stall(threading.Event()))
        with closing(http.client.HTTPConnection(fake.host, fake.port)) as connection:
            connection.request("POST", CHAT, json.dumps(STREAM))
            with connection.getresponse() as answer:
                assert answer.read1(5) == b"data:"
        fake.wait_for(lambda requests: requests[0].gone.is_set() and fake.runners.active == 0)
        fake.brain = says("next")
        assert ask(fake)["choices"]


def test_cloud_names_are_forwarded_with_the_clients_headers() -> None:
    with FakeOllama() as fake:
        for name in ("big:cloud", "big:20b-cloud", "llama3:cloud"):
            assert send(fake, CHAT, {**ASK, "model": name}, authorization="Bearer s")[0] == 200
        assert [sent["body"]["model"] for sent in fake.forwarded] == ["big", "big:20b", "llama3"]
        assert fake.forwarded[0]["headers"]["authorization"] == "Bearer s"
        assert not fake.seen
        assert json.loads(send(fake, "/v1/models/big:cloud")[2])["id"] == "big"
        assert fake.forwarded[-1]["path"] == "/v1/models/big"


def test_a_plain_name_can_forward_too_and_local_refuses_to() -> None:
    with FakeOllama({"big": FakeModel(remote_host="https://ollama.com:443"), "here": FakeModel()}) as fake:
        assert ask(fake, model="big")["model"] == "big"
        assert fake.forwarded[0]["path"] == "/api/chat"
        assert refusal(fake, model="big:local") == (404, "model 'big:local' not found")
        assert ask(fake, model="here:local")["model"] == "here:local"
        assert len(fake.forwarded) == 1
        assert json.loads(send(fake, "/api/show", {"model": "big"})[2])["remote_host"] == "https://ollama.com:443"


def test_before_0_17_8_local_is_only_a_tag() -> None:
    models = {"big:local": FakeModel(remote_host="https://ollama.com:443")}
    for version, forwarded in (("0.17.7", 1), ("0.17.8-rc0", 0), ("0.17.8", 0), ("0.18.0", 0)):
        with FakeOllama(models, version) as fake:
            assert json.loads(send(fake, "/api/version")[2]) == {"version": version}
            status, _, _ = send(fake, CHAT, {**ASK, "model": "big:local"})
            assert (status, len(fake.forwarded)) == (200 if forwarded else 404, forwarded)


def test_without_a_cloud_both_ways_are_refused_in_their_own_shapes() -> None:
    with FakeOllama({"big": FakeModel(remote_host="https://ollama.com:443")}, no_cloud=True) as fake:
        text = "ollama cloud is disabled: remote model is unavailable"
        status, _, data = send(fake, CHAT, {**ASK, "model": "x:cloud"})
        assert (status, json.loads(data)) == (403, {"error": text})
        assert refusal(fake, model="big") == (403, text)
        assert json.loads(send(fake, "/api/status")[2]) == {"cloud": {"disabled": True, "source": "env"}}
        assert not fake.forwarded


def test_a_server_that_is_not_signed_in_names_where_to() -> None:
    with FakeOllama(signed_in=False) as fake:
        status, _, data = send(fake, CHAT, {**ASK, "model": "x:cloud"})
        assert status == 401
        assert json.loads(data).keys() == {"error", "signin_url"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 403),
        ({"host": "evil.example:11434"}, 403),
        ({"host": "10.1.2.3:80"}, 200),
        ({"host": "gpu.internal"}, 200),
        ({"host": "8.8.8.8"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "http://localhost:3000"}, 200),
    ],
)
def test_foreign_hosts_and_origins_get_an_empty_403(headers: dict[str, str], status: int) -> None:
    with FakeOllama() as fake:
        got, _, data = send(fake, "/api/version", **headers)
        assert got == status
        assert (data == b"") == (status == 403)


def test_routes_answer_as_gin_does() -> None:
    with FakeOllama({}) as fake:
        assert send(fake, "/")[2] == b"Ollama is running"
        assert send(fake, "/", method="HEAD")[:1] == (200,)
        assert send(fake, "/v1/nothing")[::2] == (404, b"404 page not found")
        status, headers, data = send(fake, CHAT)
        assert (status, headers["allow"], data) == (405, "POST", b"405 method not allowed")
        assert send(fake, CHAT + "/", ASK)[0] == 307
        assert json.loads(send(fake, "/v1/models")[2]) == {"object": "list", "data": None}
        assert json.loads(send(fake, "/api/tags")[2]) == {"models": []}
        assert json.loads(send(fake, "/api/version")[2]) == {"version": "0.34.0"}


def test_show_and_tags_tell_capabilities_and_context() -> None:
    with FakeOllama({"see": FakeModel({"completion", "vision"}, context_length=8192)}) as fake:
        shown = json.loads(send(fake, "/api/show", {"model": "SEE"})[2])
        assert (shown["capabilities"], shown["model_info"]["llama.context_length"]) == (["completion", "vision"], 8192)
        tags = json.loads(send(fake, "/api/tags")[2])["models"][0]
        assert (tags["name"], tags["capabilities"]) == ("see:latest", ["completion", "vision"])
        status, _, data = send(fake, "/api/show", {"model": "no"})
        assert (status, json.loads(data)) == (404, {"error": "model 'no:latest' not found"})


def test_completions_take_one_string_and_count_zero_before_the_end() -> None:
    with FakeOllama() as fake:
        body = {"model": "llama3", "prompt": "hi", "stream": True, "stream_options": {"include_usage": True}}
        chunks, done = stream(fake, body, "/v1/completions")
        assert "".join(c["choices"][0]["text"] for c in chunks[:-1]) == "ollama:llama3: hi"
        assert chunks[0]["usage"]["total_tokens"] == 0
        assert (chunks[-2]["choices"][0]["finish_reason"], chunks[-1]["choices"], done) == ("stop", [], True)
        status, _, data = send(fake, "/v1/completions", {**body, "prompt": ["hi"]})
        assert status == 400
        assert json.loads(data)["error"]["message"] == FIELD.format("array", "CompletionRequest.prompt", "string")


def test_embeddings_are_stable_and_refuse_token_ids() -> None:
    with FakeOllama({"e": FakeModel({"embedding"})}) as fake:
        plain = json.loads(send(fake, "/v1/embeddings", {"model": "e", "input": "a"})[2])
        assert len(plain["data"][0]["embedding"]) == 16
        packed = {"model": "e", "input": ["a", "b"], "encoding_format": "base64", "dimensions": 4}
        assert [len(d["embedding"]) for d in json.loads(send(fake, "/v1/embeddings", packed)[2])["data"]] == [24, 24]
        status, _, data = send(fake, "/v1/embeddings", {"model": "e", "input": [[1, 2]]})
        assert (status, json.loads(data)["error"]["message"]) == (400, "invalid input type")
        missing = json.loads(send(fake, "/v1/embeddings", {"model": "no", "input": "a"})[2])
        assert missing["error"]["message"] == 'model "no" not found, try pulling it first'


def test_a_model_can_be_loaded_before_it_is_asked() -> None:
    with FakeOllama() as fake:
        loaded = json.loads(send(fake, "/api/generate", {"model": "llama3", "keep_alive": "5m"})[2])
        assert (loaded["done_reason"], fake.runners.loaded) == ("load", {"llama3:latest"})
        assert not fake.seen
