from __future__ import annotations

from typing import Any

import pytest

from proxy.sticky.turns import Turn, turn_of, turns_of


def call(arguments: object, kind: str = "function", field: str = "arguments") -> dict[str, Any]:
    return {"id": "c", "type": kind, kind: {"name": "f", field: arguments}}


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


@pytest.mark.parametrize(
    ("message", "turn"),
    [
        ({"role": "user", "content": "hi"}, Turn(("hi",))),
        ({"role": "user", "content": "hi", "name": "Anna"}, Turn(("hi",))),
        ({"role": "tool", "content": "hi", "tool_call_id": "c"}, Turn(("hi",))),
        ({"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, Turn(("a", "b"))),
        ({"role": "user", "content": ["a", "b"]}, Turn(("a", "b"))),
        (
            {"role": "user", "content": [IMAGE, {"type": "text", "text": "what?"}]},
            Turn(("what?",), ("image_url", "data:image/png;base64,AAAA")),
        ),
        ({"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}, Turn((), ("refusal", "no"))),
        ({"role": "assistant", "content": None, "refusal": "no"}, Turn((), ("no",))),
        ({"role": "assistant", "content": None, "audio": {"id": "audio_1", "data": "AAAA"}}, Turn((), ("audio_1",))),
        ({"role": "assistant", "content": "a", "tool_calls": [call('{"b": 1}')]}, Turn(("a",), ('{"b":1}',))),
        ({"role": "assistant", "tool_calls": [call("free text", "custom", "input")]}, Turn((), ("free text",))),
        ({"role": "assistant", "function_call": {"name": "f", "arguments": '{"b": 1}'}}, Turn((), ('{"b":1}',))),
        ({"role": "assistant", "tool_calls": [call({"b": 1, "a": 2})]}, Turn((), ('{"a":2,"b":1}',))),
        ({"role": "user"}, Turn(())),
        ({"role": "user", "content": 3, "tool_calls": 4, "refusal": 5, "audio": 6, "function_call": 7}, Turn(())),
        ({"role": "assistant", "tool_calls": [None, {}, {"function": 3}, call(None), call("[" * 5000)]}, None),
    ],
)
def test_a_message_says_all_that_stands_in_it(message: dict[str, Any], turn: Turn | None) -> None:
    texts, others = (turn.texts, turn.others) if turn else ((), ("[" * 5000,))
    assert turn_of(message) == Turn(texts, others, is_reply=message.get("role") == "assistant")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"city": "Graz", "n": 1}', '{"n":1,"city":"Graz"}'),
        ('{"city": "Z\\u00fcrich"}', '{"city":"Zürich"}'),
    ],
)
def test_arguments_that_a_client_writes_anew_are_the_same(one: str, other: str) -> None:
    assert turn_of({"tool_calls": [call(one)]}) == turn_of({"tool_calls": [call(other)]})


def test_instructions_are_nobodys_words() -> None:
    roles = ["system", "user", "developer", "assistant", "tool", "function", "System", None]
    messages = [{"role": role, "content": str(role)} for role in roles]
    said = [turn.whole for turn in turns_of({"messages": messages})]
    assert said == ["user", "assistant", "tool", "function", "System", "None"]


@pytest.mark.parametrize("document", [{}, {"messages": "hi"}, {"messages": ["hi", 3, None]}, {"input": "hi"}])
def test_a_body_without_messages_says_nothing(document: dict[str, Any]) -> None:
    assert turns_of(document) == []


def test_what_may_come_back_alone() -> None:
    assert Turn(("a",)).pieces == ("a",)
    assert Turn(("a", "b"), ("c",), beside=("d",)).pieces == ("a", "b", "ab", "a\nb", "c", "d")


def test_the_whole_is_what_a_client_sends_back() -> None:
    assert Turn(("a", "b"), ("c",), beside=("thought",)).whole == "abc"


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "thinking"])
def test_thoughts_that_a_client_hands_back_stand_beside(name: str) -> None:
    turn = turn_of({"role": "assistant", "content": "hello", name: "she is Anna"})
    assert turn == Turn(("hello",), is_reply=True, beside=("she is Anna",))


@pytest.mark.parametrize(
    "message",
    [
        {"role": "tool", "content": '{"rows": [{"name": "Anna"}]}'},
        {"role": "tool", "content": [{"type": "text", "text": '{"rows": [{"name": "Anna"}]}'}]},
        {"role": "assistant", "tool_calls": [call('{"name": "Anna"}')]},
        {"role": "assistant", "tool_calls": [call('{"name": "{\\"name\\": \\"Anna\\"}"}')]},
    ],
)
def test_what_stands_inside_of_json_is_known_alone(message: dict[str, Any]) -> None:
    assert "Anna" in turn_of(message).beside


def test_a_message_that_is_nested_deeply_is_read() -> None:
    part: Any = "deep"
    for _ in range(5_000):
        part = [part]
    assert turn_of({"role": "user", "content": [{"type": "odd", "odd": part}]}).others == ("odd", "deep")
