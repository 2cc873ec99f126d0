from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules import UNKNOWN, Bounds, FactValue, Label, Rule, RuleBook
from routing_rules.diff import (
    SAMPLES,
    CannotTellError,
    Moved,
    Recorded,
    RecordedFacts,
    Untold,
    diff,
    read_fact,
    write_fact,
)
from tests.fakes.rule_files import rule_book, target

TARGETS = {
    "local": target("ollama", accepts=["*"], model="llama3.2"),
    "cloud": target("openai", model="gpt-4o-mini", models=["gpt-*"]),
}
REST = Rule(name="rest", use=("local",))


def book(*rules: Rule, labels: tuple[Label, ...] = ()) -> RuleBook:
    return rule_book(TARGETS, (*rules, REST), labels)


def request(id: str = "a", model: str | None = "gpt-4o", **more: Any) -> Recorded:  # noqa: A002 - what it is
    facts = {"model": model, **more.pop("facts", {})}
    return Recorded(id=id, facts=facts, **more)


def test_the_same_file_twice_moves_nothing() -> None:
    rules = book(Rule(name="big", use=("cloud",), when={"model": "gpt-*"}))
    found = diff(rules, rules, [request("a"), request("b", "x")])
    assert (found.requests, found.unchanged) == (2, 2)
    assert (found.moved, found.renamed, found.relabelled, found.untold) == ((), (), (), ())


def test_who_moves_is_counted_from_where_to_where_with_sample_ids() -> None:
    old, new = book(), book(Rule(name="big", use=("cloud", "local"), when={"model": "gpt-*"}))
    traffic = [request(f"r{at}") for at in range(SAMPLES + 2)] + [request("x", "llama3.2")]
    found = diff(old, new, traffic)
    assert (found.requests, found.unchanged) == (SAMPLES + 3, 1)
    ids = tuple(f"r{at}" for at in range(SAMPLES))
    assert found.moved == (Moved("local:llama3.2", "cloud:gpt-4o, then local:llama3.2", SAMPLES + 2, ids),)
    assert found.renamed == (Moved("rest", "big", SAMPLES + 2, ids),)


def test_a_changed_label_is_counted() -> None:
    new = book(labels=(Label(add="private", when={"secrets": True}),))
    found = diff(book(), new, [request(facts={"secrets": True}), request("b", facts={"secrets": False})])
    assert found.relabelled == (Moved("no label", "private", 1, ("a",)),)
    assert found.unchanged == 1


def test_what_the_log_does_not_hold_is_never_guessed() -> None:
    new = book(Rule(name="long", use=("cloud",), when={"prompt_tokens": "> 4000"}))
    found = diff(book(), new, [request("a"), request("b", facts={"prompt_tokens": 5000})])
    assert found.untold == (Untold("prompt_tokens", 1, ("a",)),)
    assert [one.samples for one in found.moved] == [("b",)]


def test_a_live_fact_that_was_not_recorded_cannot_be_told_either() -> None:
    new = book(Rule(name="well", use=("local",), when={"healthy": {"local": True}}))
    assert diff(book(), new, [request()]).untold == (Untold("healthy.local", 1, ("a",)),)
    assert diff(book(), new, [request(facts={"healthy.local": True})]).untold == ()


def test_a_labelled_request_has_no_facts_so_it_cannot_be_told() -> None:
    found = diff(book(), book(), [Recorded(id="a", labels=("private",))])
    assert [one.count for one in found.untold] == [1]


def test_rules_see_the_labels_that_their_own_file_adds() -> None:
    new = book(
        Rule(name="kept", use=("local",), when={"labels": "private"}),
        labels=(Label(add="private", when={"model": "gpt-*"}),),
    )
    assert diff(book(), new, [request()]).renamed == (Moved("rest", "kept", 1, ("a",)),)


def test_brought_labels_and_forced_targets_are_replayed() -> None:
    found = diff(book(), book(Rule(name="big", use=("cloud",), when={"model": "*"})), [
        request("a", brought=("hr",)),
        request("b", forced="local"),
        request("c", forced="gone"),
    ])  # fmt: skip
    assert [(one.after, one.samples) for one in found.moved] == [("nobody (refused)", ("a",)), ("cloud:gpt-4o", ("c",))]


def test_the_draw_of_a_request_is_replayed() -> None:
    weighed = book(Rule(name="w", use=("cloud", "local"), when={"model": "*"}, order="weighted", weights={"cloud": 1}))
    other = book(
        Rule(name="w", use=("cloud", "local"), when={"model": "*"}, order="weighted", weights={"cloud": 1, "local": 1})
    )
    found = diff(weighed, other, [request("low", draw=0.1), request("high", draw=0.9)])
    assert [one.samples for one in found.moved] == [("high",)]


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.just(UNKNOWN),
    st.builds(Bounds, st.floats(0, 1e6), st.floats(0, 1e6)),
    st.lists(st.text()).map(tuple),
)


@given(VALUES)
def test_a_fact_is_read_as_it_was_written(value: FactValue) -> None:
    assert read_fact(write_fact(value) if not isinstance(value, tuple) else list(value)) == value


def test_a_fact_that_was_not_recorded_is_not_absent() -> None:
    assert RecordedFacts({"user": None}).value("user") is None
    with pytest.raises(CannotTellError, match="turns"):
        RecordedFacts({}).value("turns")


def test_an_order_goes_by_what_was_measured_then_and_is_not_guessed() -> None:
    written = Rule(name="all", use=("local", "cloud"))
    old, new = rule_book(TARGETS, (written,)), rule_book(TARGETS, (msgspec.structs.replace(written, order="fastest"),))
    measured = {"first_token.local": 2.5, "first_token.cloud": 0.5, "healthy.local": True, "healthy.cloud": True}
    found = diff(old, new, [request("a", facts=measured), request("b")])
    assert found.moved[0].after == "cloud:gpt-4o, then local:llama3.2"
    assert found.untold == (Untold("first_token.local", 1, ("b",)),)
