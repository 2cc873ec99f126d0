from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.facts.letters import normalise
from proxy.facts.text_view import text_view

PLAIN = st.text(alphabet="abc é:", max_size=5)
DOCUMENTS = st.recursive(
    PLAIN | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN, inner, max_size=3),
    max_leaves=10,
)


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for key, inner in value.items() for text in (key, *strings(inner))]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


@given(DOCUMENTS)
def test_every_string_is_in_the_view_keys_included(document: Any) -> None:
    view = text_view(document)
    assert [text for text in strings(document) if normalise(text) not in view] == []


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ({"password": "hunter2"}, "password: hunter2"),
        ({"messages": [{"role": "user", "content": "hello"}]}, "hello"),
        ({"x_unknown": {"deep": [{"er": "found"}]}}, "er: found"),
        ({"tools": [{"function": {"parameters": {"api_key": {"type": "string"}}}}]}, "api_key"),
        ({"only_a_key": None}, "only_a_key"),
        ({"password": 48392019}, "password: 48392019"),
        ({"password": ["hunter2"]}, "password: hunter2"),
        ({"password": {"value": "hunter2"}}, "password: hunter2"),
        ({"arguments": '{"q": "the \\u0070assword"}'}, "q: the password"),
        ({"metadata": {"a": ["one", "two"]}}, "one"),
    ],
)
def test_a_key_stands_beside_its_value(document: Any, line: str) -> None:
    assert line in text_view(document).splitlines()


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": "pass"}, {"type": "text", "text": "word"}],
        [{"type": "input_text", "text": "pass"}, {"type": "input_text", "text": "word"}],
        ["pass", "word"],
        ["pass", {"text": "word"}],
        [{"type": "text", "text": "pa"}, {"type": "text", "text": "ss"}, {"type": "text", "text": "word"}],
        [{"text": "pass"}, {"type": "image_url", "image_url": {"url": "data:,"}}, {"text": "word"}],
    ],
)
def test_adjacent_text_parts_are_read_as_one(content: list[Any]) -> None:
    assert "password" in text_view({"messages": [{"content": content}]}).splitlines()


def test_one_part_is_not_written_twice() -> None:
    assert text_view([{"text": "once"}]).count("once") == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("\uff50\uff41\uff53\uff53", "pass"),
        ("\U0001d429\U0001d41a\U0001d42c\U0001d42c", "pass"),
        ("pass\u200bword", "password"),
        ("pa\u00adss\u2060wo\ufeffrd", "password"),
        ("pass\u200d\u200c\u200e\u200fword", "password"),
        ("pass\u202e\u061c\u180eword", "password"),
        ("pass\ufe0fword\U000e0061\U000e0101", "password"),
        ("e\u0301", "\u00e9"),
        ("\ufb01le", "file"),
        ("a\u00a0b", "a b"),
        ("stra\u00dfe", "stra\u00dfe"),
    ],
)
def test_what_looks_the_same_reads_the_same(text: str, expected: str) -> None:
    assert normalise(text) == expected


@given(st.text())
def test_to_normalise_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_escapes_are_gone_before_anybody_looks() -> None:
    body = b'{"messages":[{"content":"\\u0070\\u0061ssw\\u006frd \\uff1a h"}]}'
    assert "password : h" in text_view(msgspec.json.decode(body)).splitlines()


def test_path_and_query_belong_to_it() -> None:
    assert text_view({}, "/v1/chat/completions?key=\u200bsecret").splitlines() == ["/v1/chat/completions?key=secret"]


@pytest.mark.parametrize("document", [None, 5, True, {}, [], [[]], {"": ""}])
def test_a_document_without_text_has_an_empty_view(document: Any) -> None:
    assert text_view(document).strip(" :\n") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pass\x00word", "password"),
        ("pass\x1bword\x7f", "password"),
        ("pass\u3164word\u115f\u17b4", "password"),
        ("password\u2003is\u3000x", "password is x"),
        ("a\x0bb\x85c\u2028d", "a b c d"),
        ("a\tb\nc\rd", "a\tb\nc\rd"),
    ],
)
def test_what_nobody_sees_is_gone_and_every_space_is_one(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_parts_are_read_as_one_with_and_without_a_space() -> None:
    lines = text_view({"content": [{"text": "my password"}, {"text": "is hunter2"}]}).splitlines()
    assert "my password is hunter2" in lines
    assert "my passwordis hunter2" in lines


def test_a_long_text_is_not_written_again_for_every_level_above_it() -> None:
    view = text_view({"messages": [{"role": "user", "content": "x" * 10_000}]})
    assert view.count("x" * 10_000) == 1


@pytest.mark.parametrize("text", ['{"a": "\\u0', "[\\", "{" * 10_000 + "\\", '["\\ud800"]'])
def test_what_only_looks_like_json_inside_a_string_is_a_string(text: str) -> None:
    assert normalise(text) in text_view([text])
