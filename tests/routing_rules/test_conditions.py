from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules import UNKNOWN, FactValue, Path, Problem
from routing_rules.conditions import Condition, Truth, compile_condition
from tests.fakes.rule_files import KnownFacts

AT: Path = ("rule", 0, "when")
VALUES = st.sampled_from(["gpt-4o", "llama3.2", None, UNKNOWN])


def compiled(when: dict[str, Any] | None) -> Condition:
    problems: list[Problem] = []
    condition = compile_condition(when, AT, problems)
    assert problems == []
    return condition


def decided(when: dict[str, Any] | None, **known: FactValue) -> Truth:
    return compiled(when).decide(KnownFacts({name.replace("__", "."): value for name, value in known.items()}))


@pytest.mark.parametrize("when", [None, {}])
def test_no_condition_always_holds(when: dict[str, Any] | None) -> None:
    assert decided(when) is True


@pytest.mark.parametrize(
    ("wanted", "value", "expected"),
    [
        ("gpt-4o", "gpt-4o", True),
        ("gpt-4o", "GPT-4o", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-*", "gpt-4o-mini", True),
        ("llama3.?:*", "llama3.1:8b", True),
        (["gpt-4o", "o?"], "o3", True),
        (["gpt-4o", "o?"], "gpt-4", False),
        ("!= gpt-4o", "gpt-4", True),
        ("!= gpt-4o", "gpt-4o", False),
        ("!=gpt-*", "gpt-4", False),
        ("gpt-4o", None, False),
        ("*", None, False),
        (["*"], None, False),
        ("!= gpt-4o", None, True),
        ("gpt-4o", UNKNOWN, None),
        ("*", UNKNOWN, None),
        ("!= gpt-4o", UNKNOWN, None),
        ("gpt-4o", True, False),
    ],
)
def test_a_text_is_compared_and_an_absent_one_fulfils_only_an_unequal(
    wanted: object, value: FactValue, expected: Truth
) -> None:
    assert decided({"model": wanted}, model=value) is expected


@pytest.mark.parametrize(
    ("wanted", "value", "expected"),
    [
        (True, True, True),
        (True, False, False),
        (False, False, True),
        (False, True, False),
        (True, None, False),
        (False, None, False),
        (True, UNKNOWN, None),
        (False, UNKNOWN, None),
    ],
)
def test_a_flag_means_itself_and_an_absent_one_is_neither(wanted: bool, value: FactValue, expected: Truth) -> None:
    assert decided({"secrets": wanted}, secrets=value) is expected


@pytest.mark.parametrize(
    ("model", "stream", "expected"),
    [
        ("a", True, True),
        ("a", False, False),
        ("b", True, False),
        (UNKNOWN, True, None),
        ("a", UNKNOWN, None),
        (UNKNOWN, False, False),
        ("b", UNKNOWN, False),
        (UNKNOWN, UNKNOWN, None),
    ],
)
def test_a_table_is_a_conjunction_in_which_no_outweighs_unknown(
    model: FactValue, stream: FactValue, expected: Truth
) -> None:
    assert decided({"model": "a", "stream": True}, model=model, stream=stream) is expected


@given(st.tuples(VALUES, VALUES, VALUES))
def test_the_order_of_the_lines_changes_no_outcome(values: tuple[FactValue, ...]) -> None:
    names = ("model", "endpoint", "header.a")
    known = KnownFacts(dict(zip(names, values, strict=True)))
    when = dict.fromkeys(names, "gpt-*")
    backwards = dict(reversed(when.items()))
    assert compiled(when).decide(known) is compiled(backwards).decide(known)


@pytest.mark.parametrize(
    "when",
    [{"header": {"X-Team": "legal"}}, {"header.X-Team": "legal"}, {"header": {"x-team": ["sales", "leg*"]}}],
)
def test_a_header_is_found_under_its_name_in_whatever_case(when: dict[str, Any]) -> None:
    assert decided(when, header__x_team="legal") is False  # another name: `_` is not `-`
    assert compiled(when).decide(KnownFacts({"header.x-team": "legal"})) is True


def test_several_headers_must_all_hold() -> None:
    condition = compiled({"header": {"a": "1", "b": "2"}})
    assert condition.decide(KnownFacts({"header.a": "1", "header.b": "2"})) is True
    assert condition.decide(KnownFacts({"header.a": "1"})) is False


def test_facts_are_asked_for_in_order_and_no_further_than_the_first_no() -> None:
    facts = KnownFacts({"model": "b"})
    compiled({"model": "a", "secrets": True}).decide(facts)
    assert facts.asked == ["model"]


@pytest.mark.parametrize(
    ("when", "path", "found", "expected", "nearest"),
    [
        ({"modle": "a"}, (*AT, "modle"), "the condition 'modle'", "one of model, endpoint", "model"),
        ({"xyzzy": "a"}, (*AT, "xyzzy"), "the condition 'xyzzy'", "one of model, endpoint", None),
        ({"complexity": ">= 0.6"}, (*AT, "complexity"), "the condition 'complexity'", "not yet here", None),
        ({"all": ["hard"]}, (*AT, "all"), "the condition 'all'", "not yet here", None),
        ({"model": 5}, (*AT, "model"), "5", "a string, a glob", None),
        ({"model": []}, (*AT, "model"), "[]", "a string, a glob", None),
        ({"model": ["a", 5]}, (*AT, "model"), '["a",5]', "a string, a glob", None),
        ({"model": True}, (*AT, "model"), "true", "a string, a glob", None),
        ({"stream": "yes"}, (*AT, "stream"), '"yes"', "true or false", None),
        ({"secrets": 1}, (*AT, "secrets"), "1", "true or false", None),
        ({"header": "x"}, (*AT, "header"), "'x'", "header.NAME", None),
        ({"header": {"x": 1}}, (*AT, "header"), "1", "a string, a glob", None),
    ],
)
def test_what_is_no_condition_says_where_it_is_and_what_was_expected(
    when: dict[str, Any], path: Path, found: str, expected: str, nearest: str | None
) -> None:
    problems: list[Problem] = []
    compile_condition(when, AT, problems)
    assert [(problem.path, problem.found, problem.nearest) for problem in problems] == [(path, found, nearest)]
    assert expected in problems[0].expected


def test_all_that_is_wrong_is_told_at_once_and_the_rest_is_compiled() -> None:
    problems: list[Problem] = []
    condition = compile_condition({"modle": "a", "stream": "yes", "model": "b"}, AT, problems)
    assert len(problems) == 2
    assert [check.fact for check in condition.checks] == ["model"]


def test_a_check_spells_what_it_wants() -> None:
    (check,) = compiled({"model": ["gpt-4o", "o?"]}).checks
    assert (check.fact, check.wanted) == ("model", '["gpt-4o","o?"]')
