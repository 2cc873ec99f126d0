from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules import Rewrite
from routing_rules.rewrite import NO_REWRITE, RESERVED

FIELDS = st.dictionaries(st.sampled_from("abcde"), st.integers() | st.none(), max_size=5)


@pytest.mark.parametrize(
    ("rewrite", "fields", "expected"),
    [
        (NO_REWRITE, {"a": 1}, {"a": 1}),
        (Rewrite(set={"a": 2}), {"a": 1, "b": 1}, {"a": 2, "b": 1}),
        (Rewrite(set={"c": 2}), {"a": 1}, {"a": 1, "c": 2}),
        (Rewrite(default={"a": 2}), {"a": 1}, {"a": 1}),
        (Rewrite(default={"a": 2}), {"a": None}, {"a": None}),
        (Rewrite(default={"a": 2}), {}, {"a": 2}),
        (Rewrite(drop=("a",)), {"a": 1, "b": 1}, {"b": 1}),
        (Rewrite(drop=("z",)), {"a": 1}, {"a": 1}),
        (Rewrite(drop=("a",), default={"a": 2}), {"a": 1}, {"a": 2}),
        (Rewrite(default={"a": 2}, set={"a": 3}), {}, {"a": 3}),
        (Rewrite(drop=("a",), set={"a": 3}), {"a": 1}, {"a": 3}),
    ],
)
def test_a_field_is_dropped_then_defaulted_then_set(
    rewrite: Rewrite, fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert rewrite.apply(fields) == expected


@given(FIELDS, FIELDS, FIELDS, st.lists(st.sampled_from("abcde")))
def test_fields_that_no_rewrite_names_keep_their_value_and_their_place(
    fields: dict[str, Any], new: dict[str, Any], default: dict[str, Any], drop: list[str]
) -> None:
    before = dict(fields)
    rewritten = Rewrite(set=new, default=default, drop=tuple(drop)).apply(fields)
    untouched = [name for name in fields if name not in new and name not in drop]
    assert [name for name in rewritten if name in untouched] == untouched
    assert all(rewritten[name] == fields[name] for name in untouched)
    assert fields == before


@pytest.mark.parametrize(
    "rewrite",
    [
        Rewrite(set={"a": 1}),
        Rewrite(default={"a": None}),
        Rewrite(drop=("a",)),
        Rewrite(hash=("a",)),
        Rewrite(prepend="a"),
        Rewrite(append="a"),
    ],
)
def test_a_rewrite_that_does_something_is_true(rewrite: Rewrite) -> None:
    assert rewrite


def test_a_rewrite_that_does_nothing_is_false() -> None:
    assert not NO_REWRITE


def test_what_decides_where_a_request_goes_is_reserved() -> None:
    assert {"model", "messages", "stream", "stream_options"} == RESERVED


# --- hash and prompt, worked out for one request ---


def keyed(text: str) -> str:
    return f"h({text})"


def settled(rewrite: Rewrite, **document: Any) -> dict[str, Any]:
    return rewrite.settled(document, keyed).apply(document)


def test_a_hashed_field_travels_as_its_keyed_hash_and_an_absent_one_not_at_all() -> None:
    rewrite = Rewrite(hash=("user", "metadata", "safety_identifier"))
    assert settled(rewrite, user="me", metadata={"a": 1}, safety_identifier=None, n=1) == {
        "user": "h(me)",
        "metadata": 'h({"a":1})',
        "safety_identifier": None,
        "n": 1,
    }
    assert settled(rewrite, n=1) == {"n": 1}


def test_what_is_already_settled_stays_as_it_is() -> None:
    rewrite = Rewrite(set={"a": 1}, drop=("b",))
    assert rewrite.settled({"b": 1}, keyed) is rewrite
    assert not rewrite.settled({"b": 1}, keyed).hash


def user(content: object) -> dict[str, object]:
    return {"role": "user", "content": content}


ASSISTANT = {"role": "assistant", "content": "Yes?"}
AROUND = Rewrite(prepend="Be brief.", append="In French.")


@pytest.mark.parametrize(
    ("rewrite", "content", "expected"),
    [
        (AROUND, "Hello", "Be brief.\n\nHello\n\nIn French."),
        (Rewrite(prepend="Be brief."), "Hello", "Be brief.\n\nHello"),
        (Rewrite(append="In French."), "Hello", "Hello\n\nIn French."),
        (AROUND, "", "Be brief.\n\nIn French."),
        (AROUND, None, "Be brief.\n\nIn French."),
        (
            AROUND,
            [{"type": "image_url"}],
            [{"type": "text", "text": "Be brief."}, {"type": "image_url"}, {"type": "text", "text": "In French."}],
        ),
        (Rewrite(append="In French."), [], [{"type": "text", "text": "In French."}]),
    ],
)
def test_a_prompt_is_written_around_the_last_thing_that_the_user_said(
    rewrite: Rewrite, content: object, expected: object
) -> None:
    messages = [user("first"), user(content), ASSISTANT]
    assert settled(rewrite, messages=messages) == {"messages": [user("first"), user(expected), ASSISTANT]}
    assert messages[1] == user(content)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"input": "Hello"},
        {"messages": None},
        {"messages": []},
        {"messages": [ASSISTANT]},
        {"messages": "Hello"},
        {"messages": ["Hello", 5, None]},
    ],
)
def test_where_no_user_spoke_nothing_is_written(document: dict[str, Any]) -> None:
    assert settled(AROUND, **document) == document


def test_a_prompt_leaves_the_other_rewrites_to_their_work() -> None:
    rewrite = Rewrite(set={"n": 2}, default={"top_p": 1}, drop=("logit_bias",), hash=("user",), append="!")
    assert settled(rewrite, messages=[user("a")], logit_bias={}, user="me", n=1) == {
        "messages": [user("a\n\n!")],
        "user": "h(me)",
        "n": 2,
        "top_p": 1,
    }
