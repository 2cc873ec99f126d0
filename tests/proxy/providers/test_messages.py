from __future__ import annotations

import copy
from typing import Any

import pytest

from proxy.errors import Unsupported
from proxy.providers.messages import local_messages

Message = dict[str, Any]
PNG: Message = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}


def text(words: str) -> Message:
    return {"type": "text", "text": words}


def one(message: Message) -> Message:
    (rewritten,) = local_messages([message])
    return rewritten


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("hi", "hi"),
        ("", ""),
        (None, ""),
        ([], ""),
        ([text("hi")], "hi"),
        ([text("a"), text("b")], "a\nb"),
        (["a", text("b")], "a\nb"),
        ([{"type": "refusal", "refusal": "no"}], "no"),
        ([text("a"), PNG], [text("a"), PNG]),
        (["a", PNG, "b"], [text("a"), PNG, text("b")]),
        ([{"type": "image_url", "image_url": PNG["image_url"]["url"]}],) * 2,
        ([{"type": "input_audio", "input_audio": {"data": "AA"}}],) * 2,
    ],
)
def test_text_becomes_one_string_and_images_stay_parts(content: Any, expected: Any) -> None:
    assert one({"role": "user", "content": content}) == {"role": "user", "content": expected}


def test_a_tool_message_keeps_its_call_id() -> None:
    message = {"role": "tool", "tool_call_id": "call_1", "content": [text("42")]}
    assert one(message) == {"role": "tool", "tool_call_id": "call_1", "content": "42"}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"role": "developer", "content": "be brief"}, {"role": "system", "content": "be brief"}),
        ({"role": "assistant"}, {"role": "assistant", "content": ""}),
        (
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "assistant", "content": "", "tool_calls": [CALL]},
        ),
        ({"role": "assistant", "content": "x", "tool_calls": []}, {"role": "assistant", "content": "x"}),
        ({"role": "assistant", "content": "x", "tool_calls": None}, {"role": "assistant", "content": "x"}),
        ({"role": "assistant", "content": "x", "refusal": None}, {"role": "assistant", "content": "x"}),
        ({"role": "assistant", "content": None, "refusal": "no"}, {"role": "assistant", "content": "no"}),
        ({"role": "assistant", "content": "x", "refusal": "no"}, {"role": "assistant", "content": "x"}),
        (
            {"role": "user", "content": "x", "name": "ann", "new": 1},
            {"role": "user", "content": "x", "name": "ann", "new": 1},
        ),
    ],
)
def test_a_message_has_no_field_that_ollama_would_refuse(message: Message, expected: Message) -> None:
    assert one(message) == expected


@pytest.mark.parametrize("arguments", ["", None, {}])
def test_empty_arguments_are_an_empty_object(arguments: Any) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": arguments}}
    (rewritten,) = one({"role": "assistant", "tool_calls": [call]})["tool_calls"]
    assert rewritten == {**CALL, "function": {"name": "look", "arguments": "{}"}}


def test_arguments_that_are_left_out_are_an_empty_object() -> None:
    (rewritten,) = one({"role": "assistant", "tool_calls": [{"function": {"name": "look"}}]})["tool_calls"]
    assert rewritten["function"]["arguments"] == "{}"


@pytest.mark.parametrize("calls", [5, "call", [5], [None], [{"function": 5}], [{"function": None}]])
def test_calls_that_are_none_are_ollamas_to_refuse_and_break_nothing_here(calls: Any) -> None:
    assert one({"role": "assistant", "content": "x", "tool_calls": calls})["tool_calls"] == calls


@pytest.mark.parametrize(
    ("conversation", "expected"),
    [
        (["system:a", "system:b", "user:c"], ["system:a\n\nb", "user:c"]),
        (["developer:a", "system:b", "developer:c"], ["system:a\n\nb\n\nc"]),
        (["system:a", "user:b", "system:c"], ["system:a", "user:b", "system:c"]),
        (["user:a", "user:b"], ["user:a", "user:b"]),
        (["assistant:a", "assistant:b"], ["assistant:a", "assistant:b"]),
    ],
)
def test_system_messages_in_a_row_are_one(conversation: list[str], expected: list[str]) -> None:
    given = [{"role": line.partition(":")[0], "content": line.partition(":")[2]} for line in conversation]
    assert [f"{message['role']}:{message['content']}" for message in local_messages(given)] == expected


@pytest.mark.parametrize(
    ("content", "param"),
    [
        (5, "messages[0].content"),
        ({}, "messages[0].content"),
        ([5], "messages[0].content[0]"),
        ([text("a"), None], "messages[0].content[1]"),
        ([{"type": "text"}], "messages[0].content[0]"),
        ([{"type": "text", "text": 5}], "messages[0].content[0]"),
        ([{"type": "refusal", "text": "x"}], "messages[0].content[0]"),
        ([{"type": "file", "file": {"file_id": "f"}}], "messages[0].content[0]"),
        (
            [text("a"), {"type": "image_url", "image_url": {"url": "https://x/a.png"}}],
            "messages[0].content[1].image_url",
        ),
        ([{"type": "image_url", "image_url": "http://x/a.png"}], "messages[0].content[0].image_url"),
        ([{"type": "image_url"}], "messages[0].content[0].image_url"),
        ([{"type": "image_url", "image_url": {"url": 5}}], "messages[0].content[0].image_url"),
        ([{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}], "messages[0].content[0].image_url"),
    ],
)
def test_what_ollama_cannot_read_is_refused_by_name(content: Any, param: str) -> None:
    with pytest.raises(Unsupported) as caught:
        local_messages([{"role": "user", "content": content}])
    assert (caught.value.status, caught.value.param) == (400, param)


def test_the_message_that_is_refused_is_counted_from_zero() -> None:
    with pytest.raises(Unsupported) as caught:
        local_messages([{"role": "user", "content": "a"}, {"role": "user", "content": 5}])
    assert caught.value.param == "messages[1].content"


@pytest.mark.parametrize("kind", [[], {}, 5, None])
def test_a_part_of_a_strange_kind_is_ollamas_to_refuse(kind: Any) -> None:
    part = {"type": kind, "text": "a"}
    assert one({"role": "user", "content": [part]})["content"] == [part]


def test_what_is_given_is_left_as_it_was() -> None:
    given: list[Message] = [
        {"role": "developer", "content": [text("a")]},
        {"role": "system", "content": "b"},
        {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "x", "arguments": ""}}]},
    ]
    before = copy.deepcopy(given)
    local_messages(given)
    assert given == before
