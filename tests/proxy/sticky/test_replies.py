from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.sticky.replies import replies_in
from proxy.sticky.turns import Turn
from proxy.wire.sse import DONE, event


def reply(texts: tuple[str, ...], others: tuple[str, ...] = ()) -> Turn:
    return Turn(texts, others, is_reply=True)


def whole(*messages: object) -> bytes:
    return msgspec.json.encode({"choices": [{"index": at, "message": one} for at, one in enumerate(messages)]})


def deltas(*said: dict[str, Any], index: object = 0) -> bytes:
    return b"".join(event(msgspec.json.encode({"choices": [{"index": index, "delta": one}]})) for one in said)


def arguments(text: str, index: int = 0) -> dict[str, Any]:
    return {"tool_calls": [{"index": index, "function": {"arguments": text}}]}


def test_a_whole_answer_gives_each_choice() -> None:
    body = whole({"role": "assistant", "content": "one"}, {"role": "assistant", "refusal": "two"})
    assert replies_in(body) == [reply(("one",)), reply((), ("two",))]


def test_a_stream_is_put_together() -> None:
    body = deltas({"role": "assistant", "content": ""}, {"content": "hello "}, {"content": "Anna"}, {}) + DONE
    assert replies_in(body) == [reply(("hello Anna",))]


def test_choices_of_a_stream_are_kept_apart() -> None:
    said = [({"content": "a"}, 0), ({"content": "b"}, 1), ({"content": "c"}, 0)]
    body = b"".join(deltas(delta, index=index) for delta, index in said) + DONE
    assert replies_in(body) == [reply(("ac",)), reply(("b",))]


def test_calls_of_a_stream_are_kept_apart_and_read_as_the_client_sends_them_back() -> None:
    body = deltas(arguments('{"a": '), arguments("2}", 1), arguments("1}"), arguments('{"b": ', 2)) + DONE
    assert replies_in(body) == [reply((), ('{"a":1}', "2}", '{"b": '))]


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "thinking"])
def test_what_the_model_thought_is_read_beside_what_it_said(name: str) -> None:
    said = Turn(("hello",), is_reply=True, beside=("she is Anna",))
    assert replies_in(whole({"role": "assistant", "content": "hello", name: "she is Anna"})) == [said]
    assert replies_in(deltas({name: "she "}, {name: "is Anna"}, {"content": "hello"}) + DONE) == [said]


def test_thoughts_in_parts_are_read_too() -> None:
    parts = [{"type": "reasoning.text", "text": "she is "}], [{"type": "reasoning.text", "text": "Anna"}]
    (turn,) = replies_in(deltas(*({"reasoning_details": part} for part in parts)) + DONE)
    assert "she is Anna" in turn.beside[0].replace("reasoning.text", "")


def test_what_stands_inside_of_arguments_is_known_alone() -> None:
    (turn,) = replies_in(deltas(arguments('{"text": "I am '), arguments('Anna"}')) + DONE)
    assert (turn.others, turn.beside) == (('{"text":"I am Anna"}',), ("I am Anna",))


def test_older_and_other_ways_to_answer_are_read_too() -> None:
    body = (
        deltas(
            {"refusal": "I can"},
            {"refusal": "not."},
            {"content": [{"type": "text", "text": "part"}]},
            {"function_call": {"name": "f", "arguments": '{"a"'}},
            {"function_call": {"arguments": ": 1}"}},
            {"tool_calls": [{"index": 0, "custom": {"input": "free"}}]},
        )
        + DONE
    )
    assert replies_in(body) == [reply(("part",), ("I cannot.", '{"a":1}', "free"))]


def test_a_stream_that_was_cut_gives_what_its_client_may_have_read() -> None:
    body = deltas({"content": "a"}, {"content": "b"}, {"content": "c"})
    cut = [Turn((read,), is_reply=True, is_cut=True) for read in ("a", "ab")]
    assert replies_in(body) == [reply(("abc",)), *cut]
    assert replies_in(body + DONE) == [reply(("abc",))]


def test_no_more_than_a_few_pieces_are_taken_for_unread() -> None:
    said = [turn.whole for turn in replies_in(deltas(*[{"content": "a"}] * 100))]
    assert [len(text) for text in said] == [100, *range(84, 100)]


def test_an_error_in_a_stream_says_nothing() -> None:
    body = deltas({"content": "a"}) + event(b'{"error":{"message":"cut"}}') + event(b"%%") + DONE
    assert replies_in(body) == [reply(("a",))]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "delta", "message", "content", "tool_calls", "function", "arguments", "index", "refusal"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(json_values, max_size=3), st.booleans(), st.binary(max_size=8))
def test_nothing_that_an_upstream_may_send_raises(documents: list[Any], streamed: bool, rest: bytes) -> None:
    chosen = [{"choices": [{"delta": one, "message": one}]} for one in documents]
    payloads = [msgspec.json.encode(one) for one in (*documents, *chosen)]
    bodies = [b"".join(map(event, payloads)) + rest] if streamed else [*payloads, rest]
    for body in bodies:
        assert all(isinstance(turn.whole, str) for turn in replies_in(body))
