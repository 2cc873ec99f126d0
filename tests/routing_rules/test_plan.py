from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules import NO_LABELS, Candidate, Labelled, Plan
from routing_rules.plan import PRIVATE, is_label

WORDS = st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=6)


def test_nothing_is_labelled_at_first() -> None:
    assert Labelled().labels == NO_LABELS == frozenset()


@given(WORDS)
def test_labels_are_only_ever_added_each_with_its_reason(added: list[tuple[str, str]]) -> None:
    labelled = Labelled()
    for label, why in added:
        before = labelled
        labelled = before.with_label(label, why)
        assert labelled.labels == before.labels | {label}
        assert labelled.reasons == (*before.reasons, (label, why))


def test_a_label_has_no_way_to_be_taken_off() -> None:
    assert {name for name in dir(Labelled) if not name.startswith("_")} == {
        "labels",
        "reasons",
        "and_also",
        "with_label",
    }


def test_a_candidate_is_written_as_a_client_would_name_it() -> None:
    assert str(Candidate("local", "llama3.1:8b")) == "local:llama3.1:8b"


def test_a_plan_rewrites_nothing_and_strikes_out_nobody_unless_told() -> None:
    plan = Plan(rule="all", labels=NO_LABELS, candidates=())
    assert (plan.struck, bool(plan.rewrite)) == ((), False)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("private", True),
        ("top-secret_2", True),
        ("2", True),
        ("Private", False),
        ("", False),
        ("-", False),
        ("_-_", False),
        ("*", False),
        ("a b", False),
        ("a,b", False),
        ("geh\u00e4im", False),
        ("\u0440rivate", False),
    ],
)
def test_a_label_is_a_word_that_no_other_looks_like(word: str, expected: bool) -> None:
    assert is_label(word) is expected


def test_the_label_that_callers_may_always_add_is_one() -> None:
    assert is_label(PRIVATE)
