from __future__ import annotations

from typing import Any

import pytest

from proxy.facts.scopes import in_scope, messages_of


def message(role: object, text: str) -> dict[str, Any]:
    return {"role": role, "content": text}


CHAT = {
    "messages": [
        message("system", "be kind"),
        message("developer", "be short"),
        message("user", "one"),
        message("assistant", "two"),
        message(" USER", "three"),
        message("tool", "four"),
        message(5, "five"),
        "no message",
    ]
}


def test_each_scope_has_the_messages_that_it_means() -> None:
    parts = CHAT["messages"]
    assert in_scope(CHAT, "system") == parts[:2]
    assert in_scope(CHAT, "user") == [parts[2], parts[4]]
    assert in_scope(CHAT, "last_user") == [parts[4]]


def test_responses_have_instructions_and_input() -> None:
    body = {"instructions": "be kind", "input": "hello"}
    assert in_scope(body, "system") == ["be kind"]
    assert in_scope(body, "user") == in_scope(body, "last_user") == [{"input": "hello"}]
    listed = {
        "input": [message("developer", "x"), {"type": "function_call_output", "output": "y"}, message("user", "z")]
    }
    assert in_scope(listed, "system") == [message("developer", "x")]
    assert in_scope(listed, "user") == [message("user", "z")]


@pytest.mark.parametrize("body", [{"prompt": "a"}, {"prompt": [1, 2]}, {"input": ["a", "b"]}, {"input": [[1], [2]]}])
def test_a_prompt_without_messages_is_what_the_user_says(body: dict[str, Any]) -> None:
    assert in_scope(body, "user") == [body]
    assert messages_of(body) is None


@pytest.mark.parametrize("body", [None, [], "x", {}, {"messages": "x"}, {"messages": []}])
def test_a_body_without_either_has_nothing_in_any_scope(body: Any) -> None:
    assert [in_scope(body, scope) for scope in ("user", "last_user", "system")] == [[], [], []]
