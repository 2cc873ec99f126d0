from __future__ import annotations

import copy
from typing import Any

import pytest

from proxy.errors import Unsupported
from proxy.providers.local_request import local_body
from tests.fakes.asks import HELLO

Fields = dict[str, Any]
LOOK = {"type": "function", "function": {"name": "look", "parameters": {}}}
GO = {"type": "function", "function": {"name": "go", "parameters": {}}}
ONLY_LOOK = {"type": "function", "function": {"name": "look"}}


def written(fields: Fields, *, strict: bool = False) -> tuple[Fields, tuple[str, ...]]:
    body, dropped = local_body({"model": "m", "messages": HELLO, **fields}, strict=strict)
    assert (body.pop("model"), body.pop("messages")) == ("m", HELLO)
    return body, dropped


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"temperature": 0.5, "top_p": 0.9, "seed": 1, "stop": ["a"], "max_tokens": 5},
        {"frequency_penalty": 1, "presence_penalty": 1, "logprobs": True, "top_logprobs": 2},
        {"response_format": {"type": "json_object"}, "reasoning_effort": "low", "tools": [LOOK]},
        {"stream": True, "stream_options": {"include_usage": True}, "keep_alive": "5m", "x_new": 1},
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_what_ollama_reads_or_nobody_knows_goes_through(fields: Fields, strict: bool) -> None:
    assert written(fields, strict=strict) == (fields, ())


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"max_completion_tokens": 5}, {"max_tokens": 5}),
        ({"max_completion_tokens": 5, "max_tokens": 7}, {"max_tokens": 7}),
        ({"max_completion_tokens": 5, "max_tokens": None}, {"max_tokens": 5}),
        ({"max_completion_tokens": None}, {}),
        ({"max_completion_tokens": None, "max_tokens": 7}, {"max_tokens": 7}),
        ({"max_completion_tokens": 0}, {"max_tokens": 0}),
    ],
)
def test_the_cap_on_tokens_goes_by_the_name_that_ollama_reads(fields: Fields, expected: Fields) -> None:
    assert written(fields) == (expected, ())


@pytest.mark.parametrize("name", ["store", "metadata", "user", "service_tier", "prompt_cache_key", "safety_identifier"])
@pytest.mark.parametrize("strict", [True, False])
def test_what_only_keeps_openais_books_stays_here_without_a_word(name: str, strict: bool) -> None:
    assert written({name: "x"}, strict=strict) == ({}, ())


WITHOUT_EFFECT = [
    ("logit_bias", {"5": 1}),
    ("prediction", {"type": "content", "content": "x"}),
    ("audio", {"voice": "x"}),
    ("modalities", ["text", "audio"]),
    ("web_search_options", {"search_context_size": "low"}),
    ("functions", [{"name": "f"}]),
    ("function_call", "auto"),
    ("parallel_tool_calls", False),
]


@pytest.mark.parametrize(("name", "value"), WITHOUT_EFFECT)
def test_what_would_have_no_effect_is_named(name: str, value: Any) -> None:
    assert written({name: value}) == ({}, (name,))


@pytest.mark.parametrize(("name", "value"), WITHOUT_EFFECT)
def test_what_would_have_no_effect_is_refused_by_a_strict_target(name: str, value: Any) -> None:
    with pytest.raises(Unsupported) as caught:
        written({name: value}, strict=True)
    assert (caught.value.param, caught.value.code) == (name, "unsupported_parameter")


@pytest.mark.parametrize(
    "fields",
    [{"logit_bias": None}, {"logit_bias": {}}, {"functions": []}, {"parallel_tool_calls": True}, {"audio": None}],
)
@pytest.mark.parametrize("strict", [True, False])
def test_what_asks_for_nothing_is_no_loss(fields: Fields, strict: bool) -> None:
    assert written(fields, strict=strict) == ({}, ())


@pytest.mark.parametrize("count", [None, 1])
def test_one_choice_is_what_there_is(count: Any) -> None:
    assert written({"n": count}) == ({}, ())


@pytest.mark.parametrize("count", [2, 0, "2", [], 1.5])
def test_several_choices_are_refused_and_not_pretended(count: Any) -> None:
    with pytest.raises(Unsupported) as caught:
        written({"n": count})
    assert caught.value.param == "n"


@pytest.mark.parametrize(
    ("choice", "tools", "dropped"),
    [
        (None, [LOOK, GO], ()),
        ("auto", [LOOK, GO], ()),
        ("none", None, ()),
        ("required", [LOOK, GO], ("tool_choice",)),
        (ONLY_LOOK, [LOOK], ("tool_choice",)),
        ({"type": "function", "function": {"name": "nowhere"}}, [], ("tool_choice",)),
        ({"type": "allowed_tools", "allowed_tools": {"mode": "auto"}}, [LOOK, GO], ("tool_choice",)),
        ({"type": "function", "function": "look"}, [LOOK, GO], ("tool_choice",)),
        ({"type": "function"}, [LOOK, GO], ("tool_choice",)),
        (5, [LOOK, GO], ("tool_choice",)),
    ],
)
def test_a_choice_of_tools_is_honoured_as_far_as_leaving_some_away_can(
    choice: Any, tools: list[Any] | None, dropped: tuple[str, ...]
) -> None:
    body, named = written({"tools": [LOOK, GO], "tool_choice": choice})
    assert (body, named) == ({} if tools is None else {"tools": tools}, dropped)


@pytest.mark.parametrize("choice", ["required", ONLY_LOOK])
def test_a_strict_target_refuses_to_force_a_call(choice: Any) -> None:
    with pytest.raises(Unsupported) as caught:
        written({"tools": [LOOK], "tool_choice": choice}, strict=True)
    assert caught.value.param == "tool_choice"


@pytest.mark.parametrize("tools", [None, 5, [5], [{"function": 5}], [None]])
def test_strange_tools_are_ollamas_to_refuse_and_break_nothing_here(tools: Any) -> None:
    body, _ = written({"tools": tools, "tool_choice": "required"})
    assert body == {"tools": tools}
    assert written({"tools": tools, "tool_choice": ONLY_LOOK})[1] == ("tool_choice",)


@pytest.mark.parametrize("name", ["MODEL", "Model", "me\u017f\u017fages", "\u212aeep_alive", "n\u00e4me"])
def test_a_field_that_go_would_take_for_another_is_left_out_and_said_to_be(name: str) -> None:
    assert written({name: "x"}) == ({}, ("fields-with-other-letters",))


def test_all_that_is_dropped_is_named() -> None:
    _, dropped = written({"logit_bias": {"1": 1}, "modalities": ["text"], "tool_choice": "required", "NEW": 1})
    assert dropped == ("fields-with-other-letters", "logit_bias", "modalities", "tool_choice")


def test_what_is_given_is_left_as_it_was() -> None:
    given = {"model": "m", "messages": HELLO, "n": 1, "tools": [LOOK, GO], "tool_choice": ONLY_LOOK, "user": "u"}
    before = copy.deepcopy(given)
    local_body(given, strict=False)
    assert given == before


def test_messages_are_rewritten_too() -> None:
    body, _ = local_body({"messages": [{"role": "developer", "content": None}]}, strict=False)
    assert body["messages"] == [{"role": "system", "content": ""}]
