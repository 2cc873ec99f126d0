from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import BadRequest
from proxy.wire.json_text import parse_object

# Colons and escapes in every place where they could be mistaken for structure.
TEXTS = st.text(alphabet='ab:"\\{}[],\u00e9\u2028 ', max_size=6)
LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
)


class Twins(list[tuple[str, Any]]):
    """An object as it is written: its pairs in order, the same key as often as it comes."""


def tables(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(st.tuples(TEXTS, values), max_size=4).map(Twins)


VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | tables(inner), max_leaves=12)
DOCUMENTS = tables(VALUES)
ESCAPED = st.booleans()


def written(value: object, *, escape_colons: bool) -> str:
    """Write a document as a client might, repeated keys and all."""
    if isinstance(value, Twins):
        pairs = (
            f"{written(k, escape_colons=escape_colons)} : {written(v, escape_colons=escape_colons)}" for k, v in value
        )
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(item, escape_colons=escape_colons) for item in value) + "]"
    text = json.dumps(value, ensure_ascii=False)
    return text.replace(":", "\\u003a") if escape_colons else text


class RepeatedError(Exception):
    pass


def strictly(text: str) -> Any:
    """Read with the standard library's own hook: slow, and surely right."""

    def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise RepeatedError
        return dict(pairs)

    return json.loads(text, object_pairs_hook=table)


@given(DOCUMENTS, ESCAPED)
def test_a_repeated_key_is_refused_at_any_depth_and_all_else_is_read(document: Twins, escape_colons: bool) -> None:
    text = written(document, escape_colons=escape_colons)
    try:
        expected = strictly(text)
    except RepeatedError:
        with pytest.raises(BadRequest, match="twice in one object"):
            parse_object(text.encode())
    else:
        assert parse_object(text.encode()) == expected


def one_of_its_tables(document: Twins) -> list[Twins]:
    """Find all objects in a document, itself first."""
    found, open_ones = [], [document]
    while open_ones:
        table = open_ones.pop()
        found.append(table)
        values: list[Any] = [value for _, value in table]
        while values:
            value = values.pop()
            if isinstance(value, Twins):
                open_ones.append(value)
            elif isinstance(value, list):
                values += value
    return found


@given(DOCUMENTS, st.data(), ESCAPED)
def test_a_key_that_is_slipped_in_a_second_time_is_always_seen(
    document: Twins, data: st.DataObject, escape_colons: bool
) -> None:
    table = data.draw(st.sampled_from(one_of_its_tables(document)))
    key = data.draw(st.sampled_from([key for key, _ in table]) if table else TEXTS)
    if not table:
        table.append((key, None))
    table.insert(data.draw(st.integers(0, len(table))), (key, data.draw(VALUES)))
    with pytest.raises(BadRequest):
        parse_object(written(document, escape_colons=escape_colons).encode())


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b'{"model":"a","model":"b"}', "model"),
        (b'{"model":"a","model":"a"}', "model"),
        (b'{"a":{"b":[{"c":1,"c":2}]}}', "c"),
        (b'{"a":1,"\\u0061":2}', "a"),
        (b'{"model":"a:b","mod\\u0065l":"\\u003a"}', "model"),
        (b'{"a\\u003a":1,"a:":2}', None),
        (b'{"x":":\\u003a:","y":{"z":1,"z":":"}}', "z"),
        (b'{"' + b"k" * 65 + b'":1,"' + b"k" * 65 + b'":1}', None),
        (b'{"my secret":1,"my secret":2}', None),
    ],
)
def test_the_key_is_named_where_it_is_a_plain_word(body: bytes, param: str | None) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_object(body)
    assert caught.value.param == param
    assert ("secret" in caught.value.message, "kkk" in caught.value.message) == (False, False)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"A":2}',
        b'{"a":"b:c:\\"d\\":1","e":"\\u003a"}',
        b'{"a:b":{"a:b":":"},"c":["d:e",{"a":1},{"a":1}]}',
        b'\t{ "a" : 1.0 , "b" : 1e5, "c" : 12345678901234567890123 }\n',
        '{"é":"\\ud83d\\ude00"}'.encode(),
        b"{}",
    ],
)
def test_colons_and_like_looking_keys_do_not_mislead(body: bytes) -> None:
    assert parse_object(body) == json.loads(body)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "could not parse"),
        (b'{"a":}', "could not parse"),
        (b'{"a":1}{"b":2}', "could not parse"),
        (b'{"a":NaN}', "could not parse"),
        (b'{"a":Infinity}', "could not parse"),
        (b'{"a":-Infinity}', "could not parse"),
        (b'{"a":"\\ud800"}', "could not parse"),
        (b'{"a":"\\udc00b"}', "could not parse"),
        (b'{"a":01}', "could not parse"),
        (b'{"a":"\n"}', "could not parse"),
        (b'\xef\xbb\xbf{"a":1}', "could not parse"),
        ('{"a":1}'.encode("utf-16"), "could not parse"),
        (b'{"a":"\xed\xa0\x80"}', "it is not UTF-8"),
        (b'{"a":"\xff"}', "it is not UTF-8"),
        (b'[{"a":1}]', "must be a JSON object"),
        (b'"text"', "must be a JSON object"),
        (b"null", "must be a JSON object"),
    ],
)
def test_what_two_readers_could_read_differently_is_refused(body: bytes, told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        parse_object(body)


def why_refused(body: bytes) -> str | None:
    try:
        parse_object(body)
    except BadRequest as error:
        return error.message
    return None


@pytest.mark.parametrize("leaf", [b"1", b'"\\u003a"'])
@pytest.mark.parametrize("depth", [*range(900, 1010, 2), 20_000])
def test_a_body_is_read_or_is_too_deep_and_nothing_breaks_in_between(depth: int, leaf: bytes) -> None:
    refused = why_refused(b'{"a":' * depth + leaf + b"}" * depth)
    assert refused in (None, "The JSON body of your request is nested too deeply.")


def test_a_body_that_is_far_too_deep_says_so() -> None:
    with pytest.raises(BadRequest, match="nested too deeply"):
        parse_object(b'{"a":' + b"[" * 100_000)


def test_nothing_of_the_text_is_in_the_message() -> None:
    with pytest.raises(BadRequest) as caught:
        parse_object(b'{"prompt": "my password is hunter2" oops}')
    assert "hunter2" not in caught.value.message
