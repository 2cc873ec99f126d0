"""What Ollama reads differently, row by row of the normalisation table: what wye makes of a request."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any

import openai
import pytest

from tests.fakes.ollama import FakeModel, FakeOllama, Stall, calls_tools, echo
from tests.journeys.raw import chats, ready, sdk
from tests.wye_process import Wye

PIXEL = "data:image/png;base64,iVBORw0KGgo="
Json = dict[str, Any]


@pytest.fixture(scope="module")
def ollama() -> Iterator[FakeOllama]:
    with FakeOllama({"llama3": FakeModel({"completion", "tools", "vision"})}, num_parallel=8) as server:
        yield server


@pytest.fixture(scope="module")
def wye(ollama: FakeOllama) -> Iterator[Wye]:
    with Wye(f"""
[target.local]
kind = "ollama"
url = "{ollama.base_url}"
[target.strict]
kind = "ollama"
url = "{ollama.base_url}"
strict = true
[target.narrow]
kind = "ollama"
url = "{ollama.base_url}"
max_in_flight = 1
queue = {{ size = 1, timeout = "10s" }}
[[rule]]
name = "all"
use = ["local"]
default = {{ temperature = 0.3, top_p = 0.8 }}
""") as server:
        yield ready(server)


@pytest.fixture(autouse=True)
def _usual_brain(ollama: FakeOllama) -> None:
    ollama.brain = echo


def ask(wye: Wye, messages: list[Json] | None = None, **more: Any) -> tuple[Any, dict[str, str]]:
    asked = {"model": "llama3", "messages": messages or [{"role": "user", "content": "hello"}], **more}
    raw = sdk(wye).chat.completions.with_raw_response.create(**asked)
    return raw.parse(), dict(raw.headers)


@contextmanager
def closing(event: threading.Event) -> Iterator[None]:
    """Set an event at the end, whatever happened."""
    try:
        yield
    finally:
        event.set()


def tool(name: str) -> Json:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}


def tool_history(**content: Any) -> list[Json]:
    called = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at":"sky"}'}}
    return [
        {"role": "user", "content": "look"},
        {"role": "assistant", "content": None, "tool_calls": [called]},
        {"role": "tool", "tool_call_id": "call_1", **content},
    ]


def test_the_cap_reaches_ollama_under_the_name_it_reads(wye: Wye, ollama: FakeOllama) -> None:
    """Row 1: `max_completion_tokens`."""
    answer, _ = ask(wye, max_completion_tokens=1)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 1
    assert ollama.seen[-1]["options"]["num_predict"] == 1


def test_an_explicit_max_tokens_wins_over_max_completion_tokens(wye: Wye, ollama: FakeOllama) -> None:
    """Row 1: both names at once."""
    ask(wye, max_completion_tokens=5, max_tokens=2)
    assert ollama.seen[-1]["options"]["num_predict"] == 2


def test_a_rule_gives_the_sampling_defaults_that_ollama_would_overrule(wye: Wye, ollama: FakeOllama) -> None:
    """Row 2: temperature and top_p."""
    ask(wye, top_p=0.5)
    assert ollama.seen[-1]["options"] == {"temperature": 0.3, "top_p": 0.5}


def test_with_tool_choice_none_no_tool_reaches_the_model(wye: Wye, ollama: FakeOllama) -> None:
    """Row 3: `tool_choice: "none"`."""
    ollama.brain = calls_tools
    answer, headers = ask(wye, tools=[tool("look")], tool_choice="none")
    assert answer.choices[0].message.tool_calls is None
    assert ollama.seen[-1]["tools"] == []
    assert "x-wye-dropped" not in headers


def test_a_named_tool_is_the_only_one_offered_and_the_client_is_told(wye: Wye, ollama: FakeOllama) -> None:
    """Row 4: `tool_choice` with a name, lenient."""
    ollama.brain = calls_tools
    named = {"type": "function", "function": {"name": "listen"}}
    answer, headers = ask(wye, tools=[tool("look"), tool("listen")], tool_choice=named)
    assert [call.function.name for call in answer.choices[0].message.tool_calls] == ["listen"]
    assert headers["x-wye-dropped"] == "tool_choice"


def test_a_required_call_is_not_pretended(wye: Wye, ollama: FakeOllama) -> None:
    """Row 4: `tool_choice: "required"`, lenient."""
    _, headers = ask(wye, tools=[tool("look")], tool_choice="required")
    assert headers["x-wye-dropped"] == "tool_choice"
    assert "tool_choice" not in chats(ollama)[-1].json()


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "look"}}])
def test_a_strict_target_refuses_to_force_a_call(wye: Wye, choice: Any) -> None:
    """Row 4: `tool_choice`, strict."""
    with pytest.raises(openai.BadRequestError) as refused:
        ask(wye, model="strict:llama3", tools=[tool("look")], tool_choice=choice)
    assert (refused.value.code, refused.value.param) == ("unsupported_value", "tool_choice")


def test_several_choices_are_refused(wye: Wye) -> None:
    """Row 6: `n` > 1."""
    with pytest.raises(openai.BadRequestError) as refused:
        ask(wye, n=2)
    assert (refused.value.code, refused.value.param) == ("unsupported_value", "n")
    assert len(ask(wye, n=1)[0].choices) == 1


WITHOUT_EFFECT: Json = {
    "logit_bias": {"50256": -100},
    "prediction": {"type": "content", "content": "x"},
    "audio": {"format": "mp3", "voice": "alloy"},
    "modalities": ["text", "audio"],
    "web_search_options": {"search_context_size": "low"},
    "moderation": {"model": "omni-moderation"},
    "functions": [{"name": "look", "parameters": {}}],
}


@pytest.mark.parametrize("name", WITHOUT_EFFECT)
def test_a_field_without_effect_is_named_to_the_client(wye: Wye, ollama: FakeOllama, name: str) -> None:
    """Row 7: fields that Ollama drops, lenient."""
    _, headers = ask(wye, extra_body={name: WITHOUT_EFFECT[name]})
    assert headers["x-wye-dropped"] == name
    assert name not in chats(ollama)[-1].json()


@pytest.mark.parametrize("name", WITHOUT_EFFECT)
def test_a_strict_target_refuses_a_field_without_effect(wye: Wye, name: str) -> None:
    """Row 7: fields that Ollama drops, strict."""
    with pytest.raises(openai.BadRequestError) as refused:
        ask(wye, model="strict:llama3", extra_body={name: WITHOUT_EFFECT[name]})
    assert (refused.value.code, refused.value.param) == ("unsupported_parameter", name)


def test_what_only_keeps_books_at_openai_is_left_out_without_a_word(wye: Wye, ollama: FakeOllama) -> None:
    """Row 8: harmless fields."""
    books = {"store": True, "metadata": {"a": "b"}, "user": "u1", "service_tier": "auto", "verbosity": "low"}
    keys = {"prompt_cache_key": "k", "prompt_cache_retention": "24h", "safety_identifier": "s"}
    _, headers = ask(wye, extra_body={**books, **keys, "prompt_cache_options": {"mode": "x"}})
    assert "x-wye-dropped" not in headers
    assert set(chats(ollama)[-1].json()) == {"model", "messages", "temperature", "top_p"}


def test_text_in_parts_stays_one_message_in_every_role(wye: Wye, ollama: FakeOllama) -> None:
    """Row 9: content arrays of text."""
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    system, user = {"role": "system", "content": parts}, {"role": "user", "content": parts}
    ask(wye, [system, user, {"role": "assistant", "content": parts}, *tool_history(content=parts)])
    seen = ollama.seen[-1]["messages"]
    assert [message["role"] for message in seen] == ["system", "user", "assistant", "user", "assistant", "tool"]
    assert {seen[at]["content"] for at in (0, 1, 2, 5)} == {"one\ntwo"}
    assert (seen[5]["tool_call_id"], seen[5]["tool_name"]) == ("call_1", "look")


def test_images_keep_their_place_among_the_text(wye: Wye, ollama: FakeOllama) -> None:
    """Row 9: content arrays with images."""
    image = {"type": "image_url", "image_url": {"url": PIXEL}}
    ask(wye, [{"role": "user", "content": [{"type": "text", "text": "a"}, image, {"type": "text", "text": "b"}]}])
    assert [m["content"] or "IMAGE" for m in ollama.seen[-1]["messages"]] == ["a", "IMAGE", "b"]


@pytest.mark.parametrize("url", [{"url": "https://example.com/cat.png"}, "http://example.com/cat.png"])
def test_a_remote_image_is_refused_and_nothing_is_fetched(wye: Wye, ollama: FakeOllama, url: Any) -> None:
    """Row 10: remote image URLs."""
    before = len(chats(ollama))
    with pytest.raises(openai.BadRequestError) as refused:
        ask(wye, [{"role": "user", "content": [{"type": "image_url", "image_url": url}]}])
    assert (refused.value.code, refused.value.param) == ("unsupported_value", "messages[0].content[0].image_url")
    assert len(chats(ollama)) == before


def test_a_refusal_becomes_text(wye: Wye, ollama: FakeOllama) -> None:
    """Row 11: `refusal` parts and fields."""
    parts = [{"type": "refusal", "refusal": "I will not."}]
    field = {"role": "assistant", "content": None, "refusal": "Nor will I."}
    ask(wye, [{"role": "assistant", "content": parts}, field, {"role": "user", "content": "why"}])
    assert [m["content"] for m in ollama.seen[-1]["messages"]] == ["I will not.", "Nor will I.", "why"]


def test_a_file_is_refused(wye: Wye) -> None:
    """Row 11: `file` parts."""
    part = {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="}}
    with pytest.raises(openai.BadRequestError) as refused:
        ask(wye, [{"role": "user", "content": [part]}])
    assert (refused.value.code, refused.value.param) == ("unsupported_value", "messages[0].content[0]")


def test_the_developer_speaks_as_the_system(wye: Wye, ollama: FakeOllama) -> None:
    """Row 12: `developer` role, merged with its neighbours."""
    first, second = {"role": "developer", "content": "be kind"}, {"role": "system", "content": "be brief"}
    ask(wye, [first, second, {"role": "user", "content": "hello"}])
    assert ollama.seen[-1]["messages"] == [
        {"role": "system", "content": "be kind\n\nbe brief"},
        {"role": "user", "content": "hello"},
    ]


def test_a_past_call_without_arguments_is_accepted(wye: Wye, ollama: FakeOllama) -> None:
    """Row 13: empty `arguments`."""
    history = tool_history(content="blue")
    history[1]["tool_calls"][0]["function"]["arguments"] = ""
    ask(wye, history)
    assert ollama.seen[-1]["messages"][1]["tool_calls"][0]["function"]["arguments"] == {}


@pytest.mark.parametrize("said", [{"content": None}, {}])
def test_an_assistant_that_said_nothing_is_accepted(wye: Wye, ollama: FakeOllama, said: Json) -> None:
    """Row 14: `content` null or absent."""
    ask(wye, [{"role": "assistant", **said}, {"role": "user", "content": "go on"}])
    assert ollama.seen[-1]["messages"][0] == {"role": "assistant", "content": ""}


def test_a_busy_target_has_a_queue_that_ends(wye: Wye, ollama: FakeOllama) -> None:
    """Row 28: overload."""
    go_on = threading.Event()
    ollama.brain = lambda _: [Stall(go_on), "done"]
    before = len(ollama.seen)
    with ThreadPoolExecutor() as pool, closing(go_on):
        asked = [pool.submit(ask, wye, model="narrow:llama3")]
        ollama.wait_for(lambda _: len(ollama.seen) == before + 1)
        asked += [pool.submit(ask, wye, model="narrow:llama3") for _ in range(2)]
        refused = next(as_completed(asked, timeout=10)).exception()
        assert len(ollama.seen) == before + 1
        go_on.set()
        answers = [one.result(10)[0].choices[0].message.content for one in asked if not one.exception(10)]
    assert answers == ["done", "done"]
    assert isinstance(refused, openai.InternalServerError)
    assert (refused.status_code, refused.code) == (503, "server_overloaded")
    assert 1 <= int(refused.response.headers["retry-after"]) <= 120


def test_ollama_sees_nothing_of_the_client_but_its_question(wye: Wye, ollama: FakeOllama) -> None:
    """Row 32: Host, Origin and what else gives a client away."""
    private = {"Origin": wye.url, "Referer": "http://app.example/", "Cookie": "id=1", "X-Api-Key": "sk-app"}
    ask(wye, extra_headers=private)
    sent = dict(chats(ollama)[-1].headers)
    assert sent["host"] == f"127.0.0.1:{ollama.port}"
    assert not {"origin", "referer", "cookie", "x-api-key", "authorization"} & set(sent)
    assert not [name for name in sent if name.startswith("x-stainless")]
