from __future__ import annotations

from typing import Any

import pytest

from proxy.errors import BadGateway
from proxy.providers.completion import (
    finish_reason,
    index_of,
    mended_answer,
    mended_usage,
    new_id,
    usage_of,
    whole_seconds,
)
from proxy.wire.usage import Usage

CALL = {"id": "call_abcdefgh", "index": 0, "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}


def answer(message: Any = None, reason: Any = "stop", **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "hi"} if message is None else message
    choices = [{"index": 0, "message": message, "finish_reason": reason}]
    return {"id": "chatcmpl-7", "object": "chat.completion", "created": 1, "model": "up", "choices": choices, **more}


def test_an_answer_of_ollama_gets_openais_exact_form() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    mended = mended_answer(answer(usage=usage, system_fingerprint="fp_ollama"), "m")
    assert mended.pop("id").startswith("chatcmpl-")
    assert mended == {
        "object": "chat.completion",
        "created": 1,
        "model": "up",
        "choices": [
            {
                "index": 0,
                "message": {"refusal": None, "role": "assistant", "content": "hi"},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "usage": {
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
            **usage,
        },
        "system_fingerprint": "fp_ollama",
    }


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        ({"created": None}, "created", 0),
        ({"created": 1.9}, "created", 1),
        ({"created": "yesterday"}, "created", 0),
        ({"model": ""}, "model", "m"),
        ({"model": None}, "model", "m"),
        ({"object": "text_completion"}, "object", "chat.completion"),
        ({"usage": None}, "usage", None),
        ({"timings": {"predicted_ms": 1.5}}, "timings", {"predicted_ms": 1.5}),
    ],
)
def test_a_field_is_mended_or_kept(given: dict[str, Any], field: str, expected: object) -> None:
    assert mended_answer(answer(**given), "m")[field] == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"content": "hi"}, {"role": "assistant", "content": "hi", "refusal": None}),
        ({"role": "", "content": "hi"}, {"role": "assistant", "content": "hi", "refusal": None}),
        ({"role": "assistant"}, {"role": "assistant", "content": None, "refusal": None}),
        (
            {"role": "assistant", "content": "", "reasoning": "thought"},
            {"role": "assistant", "content": "", "reasoning": "thought", "refusal": None},
        ),
        (
            {"role": "assistant", "content": "x", "tool_calls": []},
            {"role": "assistant", "content": "x", "refusal": None},
        ),
        (
            {"role": "assistant", "content": "x", "tool_calls": None},
            {"role": "assistant", "content": "x", "refusal": None},
        ),
        (
            {"role": "assistant", "content": "", "tool_calls": [CALL]},
            {
                "role": "assistant",
                "content": "",
                "refusal": None,
                "tool_calls": [{key: value for key, value in CALL.items() if key != "index"}],
            },
        ),
    ],
)
def test_a_message_has_what_every_client_reads(message: dict[str, Any], expected: dict[str, Any]) -> None:
    assert mended_answer(answer(message), "m")["choices"][0]["message"] == expected


def test_a_stop_after_a_tool_call_is_a_tool_call() -> None:
    mended = mended_answer(answer({"content": "", "tool_calls": [CALL]}), "m")
    assert mended["choices"][0]["finish_reason"] == "tool_calls"


def test_choices_without_an_index_are_counted() -> None:
    choice = {"message": {"content": "hi"}, "finish_reason": "stop"}
    mended = mended_answer(answer(choices=[choice, choice]), "m")
    assert [one["index"] for one in mended["choices"]] == [0, 1]


def test_the_given_answer_is_left_as_it_was() -> None:
    given = answer({"content": "", "tool_calls": [CALL]})
    mended_answer(given, "m")
    assert given == answer({"content": "", "tool_calls": [CALL]})


@pytest.mark.parametrize(
    "choices",
    [
        None,
        [],
        {},
        5,
        "text",
        [None],
        [5],
        [{}],
        [{"message": None, "finish_reason": "stop"}],
        [{"message": "hi", "finish_reason": "stop"}],
        [{"text": "hi", "finish_reason": "stop"}],
        [{"message": {"content": "hi", "tool_calls": 5}, "finish_reason": "stop"}],
    ],
)
def test_what_is_no_completion_is_an_error_and_not_an_empty_answer(choices: Any) -> None:
    with pytest.raises(BadGateway):
        mended_answer(answer(choices=choices), "m")


@pytest.mark.parametrize("reason", [None, "", "abort", "error", "load", 5, [], {}, True])
def test_an_answer_without_a_true_end_is_half_an_answer(reason: object) -> None:
    with pytest.raises(BadGateway, match="broke off"):
        mended_answer(answer(reason=reason), "m")


@pytest.mark.parametrize(
    ("reason", "called", "expected"),
    [
        ("stop", False, "stop"),
        ("stop", True, "tool_calls"),
        ("eos", False, "stop"),
        ("eos_token", True, "tool_calls"),
        ("end_turn", False, "stop"),
        ("length", True, "length"),
        ("tool_calls", False, "tool_calls"),
        ("content_filter", True, "content_filter"),
        ("function_call", False, "function_call"),
    ],
)
def test_a_finish_reason_is_one_that_openai_knows(reason: str, called: bool, expected: str) -> None:
    assert finish_reason(reason, called=called) == expected


@pytest.mark.parametrize(("index", "expected"), [(0, 0), (2, 2), (None, 7), ("0", 7), ([], 7)])
def test_an_index_is_a_number_or_it_is_counted(index: object, expected: int) -> None:
    assert index_of({"index": index}, 7) == expected


@pytest.mark.parametrize(("created", "expected"), [(5, 5), (5.9, 5), (None, 0), ("5", 0), ([], 0)])
def test_a_time_is_whole_seconds(created: object, expected: int) -> None:
    assert whole_seconds(created) == expected


@pytest.mark.parametrize("usage", [None, "many", 5, []])
def test_what_is_no_usage_is_none(usage: object) -> None:
    assert mended_usage(usage) is None


def test_details_that_a_server_gives_are_not_overwritten() -> None:
    details = {"cached_tokens": 9}
    mended = mended_usage({"prompt_tokens": 10, "prompt_tokens_details": details})
    assert mended is not None
    assert mended["prompt_tokens_details"] == details


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}, Usage(1, 2, 3)),
        ({"prompt_tokens": 1.5}, None),
        ({}, None),
        (None, None),
        ({"prompt_tokens": None}, None),
        ("many", None),
    ],
)
def test_usage_is_counted_where_it_can_be_read(usage: object, expected: Usage | None) -> None:
    assert usage_of(usage) == expected


def test_no_two_answers_have_the_same_id() -> None:
    ids = {new_id() for _ in range(2_000)}
    assert len(ids) == 2_000
    assert all(one.startswith("chatcmpl-") for one in ids)
