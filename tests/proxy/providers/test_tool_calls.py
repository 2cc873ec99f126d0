from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import BadGateway
from proxy.providers.tool_calls import ToolCalls

Call = dict[str, Any]


def call(index: int | None = None, id: str | None = None, name: str | None = None, arguments: Any = None) -> Call:  # noqa: A002 - OpenAI's name
    """Write a call as a server might, with what it leaves out left out."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    return {key: value for key, value in (("index", index), ("id", id), ("function", function)) if value is not None}


def put_together(deltas: list[list[Call]]) -> list[Call]:
    """Accumulate deltas as openai-python does: by index, ids and names concatenated."""
    calls: dict[int, Call] = {}
    for delta in deltas:
        for one in delta:
            known = calls.setdefault(one["index"], {"id": "", "name": "", "arguments": ""})
            known["id"] += one.get("id", "")
            known["name"] += one["function"].get("name", "")
            known["arguments"] += one["function"]["arguments"]
    return [calls[index] for index in range(len(calls))]


def mended(*deltas: list[Call]) -> list[Call]:
    calls = ToolCalls()
    return put_together([calls.delta(delta) for delta in deltas])


def test_openais_own_way_goes_through_as_it_is() -> None:
    got = mended(
        [call(0, "call_1", "look", "")],
        [call(0, arguments='{"a"')],
        [call(0, arguments=":1}")],
        [call(1, "call_2", "go", "{}")],
    )
    assert got == [
        {"id": "call_1", "name": "look", "arguments": '{"a":1}'},
        {"id": "call_2", "name": "go", "arguments": "{}"},
    ]


def test_ollamas_whole_calls_in_one_delta_keep_apart() -> None:
    got = mended([call(0, "call_abcdefgh", "look", '{"a":1}'), call(1, "call_ijklmnop", "go", "{}")])
    assert [one["name"] for one in got] == ["look", "go"]
    assert [one["id"] for one in got] == ["call_abcdefgh", "call_ijklmnop"]


@pytest.mark.parametrize("ids", [("call_1", "call_2"), ("", ""), (None, None)])
def test_two_calls_under_the_same_index_become_two(ids: tuple[str | None, str | None]) -> None:
    for deltas in (
        [[call(0, ids[0], "look", "{}"), call(0, ids[1], "go", "[]")]],
        [[call(0, ids[0], "look", "{}")], [call(0, ids[1], "go", "[]")]],
    ):
        got = mended(*deltas)
        assert [(one["name"], one["arguments"]) for one in got] == [("look", "{}"), ("go", "[]")]
        assert got[0]["id"] != got[1]["id"]
        assert all(one["id"].startswith("call_") for one in got)


def test_llamacpps_pieces_come_together() -> None:
    got = mended([call(0, "x" * 32, "look", "{")], [call(0, arguments='"a":')], [call(0, arguments="1}")])
    assert got == [{"id": "x" * 32, "name": "look", "arguments": '{"a":1}'}]


def test_an_id_and_a_name_that_are_repeated_with_every_piece_are_given_once() -> None:
    got = mended([call(0, "call_1", "look", "{")], [call(0, "call_1", "look", "}")], [call(0, "call_1", None, " ")])
    assert got == [{"id": "call_1", "name": "look", "arguments": "{} "}]


def test_indexes_are_counted_from_zero_whatever_the_server_counts_from() -> None:
    got = mended(
        [call(1, "a", "one", "")], [call(2, "b", "two", "")], [call(1, arguments="1")], [call(2, arguments="2")]
    )
    assert [(one["name"], one["arguments"]) for one in got] == [("one", "1"), ("two", "2")]


@pytest.mark.parametrize("index", [None, "0", [], {}, 1.0])
def test_a_call_without_a_usable_index_gets_one(index: Any) -> None:
    calls = ToolCalls()
    first = calls.delta([{"index": index, "id": "a", "function": {"name": "look", "arguments": "{"}}])
    second = calls.delta([{"index": index, "function": {"arguments": "}"}}])
    assert put_together([first, second]) == [{"id": "a", "name": "look", "arguments": "{}"}]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(None, ""), ("", ""), ('{"a":1}', '{"a":1}'), ({"a": 1}, '{"a":1}'), ([], "[]"), (5, "5")],
)
def test_arguments_are_a_string_whatever_they_came_as(arguments: Any, expected: str) -> None:
    (one,) = ToolCalls().whole([{"id": "a", "function": {"name": "look", "arguments": arguments}}])
    assert one == {"id": "a", "type": "function", "function": {"name": "look", "arguments": expected}}


def test_the_calls_of_a_whole_answer_have_no_index_and_ids_of_their_own() -> None:
    whole = ToolCalls().whole([call(0, "a", "one", "{}"), call(0, "a", "two", "{}"), call(0, "", "three", "{}")])
    assert [one["function"]["name"] for one in whole] == ["one", "two", "three"]
    assert len({one["id"] for one in whole}) == 3
    assert whole[0]["id"] == "a"
    assert all("index" not in one for one in whole)


@pytest.mark.parametrize("none", [None, []])
def test_no_calls_may_come_as_null_or_as_an_empty_list(none: object) -> None:
    calls = ToolCalls()
    assert (calls.whole(none), calls.delta(none), bool(calls)) == ([], [], False)


@pytest.mark.parametrize("strange", [5, "call", {}, {"id": "a"}, [None], ["call"], [{"id": "a"}, 5]])
def test_calls_that_cannot_be_read_are_an_error_and_not_lost(strange: object) -> None:
    with pytest.raises(BadGateway):
        ToolCalls().delta(strange)
    with pytest.raises(BadGateway):
        ToolCalls().whole(strange)


def test_calls_are_true_once_there_is_one() -> None:
    calls = ToolCalls()
    calls.delta([call(0, "a", "look", "")])
    assert calls


@given(st.lists(st.text(max_size=4), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_arguments_in_any_pieces_and_any_interleaving_come_out_whole(texts: list[str], chance: Any) -> None:
    openings = [[call(at, f"id{at}", f"name{at}", "")] for at in range(len(texts))]
    pieces = [[call(at, arguments=json.dumps(text))] for at, text in enumerate(texts)]
    chance.shuffle(pieces)
    got = mended(*openings, *pieces)
    assert [json.loads(one["arguments"]) for one in got] == texts
