from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules import (
    UNKNOWN,
    Bounds,
    FactValue,
    Label,
    Labelled,
    Rule,
    RuleBook,
    RuleError,
    RuleFile,
    TargetState,
    compile_rules,
)
from routing_rules.names import NAMED_BY_CLIENT
from tests.fakes.rule_files import FINAL, KnownFacts, rule_book, target

TARGETS = {
    "local": target("ollama", accepts=["*"], model="llama3.2"),
    "gpu": target(accepts=["legal"], models=["qwen*"], model="qwen3:8b"),
    "cloud": target("openai", model="gpt-4o-mini"),
}
RULES = (
    Rule(name="big models go to the cloud", when={"model": "gpt-4o"}, use=("cloud", "local"), set={"temperature": 0}),
    Rule(name="streams stay near", when={"stream": True}, use=("gpu", "local:qwen3:4b")),
    Rule(name="what holds a secret", when={"secrets": True}, use=("cloud",)),
    Rule(name="everything else", use=("local", "local:llama3.2", "cloud")),
)
LABELS = (
    Label(add="private", when={"secrets": True}, why="it holds a secret"),
    Label(add="legal", when={"header": {"x-team": "legal"}}),
)
FLEET = {
    "local": TargetState(models=frozenset({"llama3.2:latest", "qwen3:4b"}), default_model="llama3.2:latest"),
    "cloud": TargetState(models=frozenset({"gpt-4o", "gpt-4o-mini"}), default_model="gpt-4o"),
}
BOOK = rule_book(TARGETS, RULES, LABELS, alias={"fast": "local:qwen3:4b", "big": "gpt-4o"})
WARY = rule_book(TARGETS, RULES, LABELS, alias={"fast": "local:qwen3:4b", "big": "gpt-4o"}, direct="deny")

BIG, STREAMS, SECRET, REST = (rule.name for rule in RULES)
NO_SECRET: dict[str, FactValue] = {"secrets": False}


def planned(
    book: RuleBook, asked: str | None, known: dict[str, FactValue], labels: str = "", forced: str | None = None
) -> tuple[str, list[str], list[tuple[str, str]]]:
    facts = KnownFacts({"model": asked, **NO_SECRET, **known})
    plan = book.plan(facts, asked, frozenset(labels.split()), FLEET, forced)
    assert plan.labels == frozenset(labels.split())
    return plan.rule, [str(one) for one in plan.candidates], [(one.target, one.cause) for one in plan.struck]


@pytest.mark.parametrize(
    ("asked", "known", "labels", "rule", "candidates", "struck"),
    [
        # The first rule that matches decides, and its order is kept.
        ("gpt-4o", {}, "", BIG, ["cloud:gpt-4o", "local:llama3.2"], []),
        ("gpt-4o", {"stream": True}, "", BIG, ["cloud:gpt-4o", "local:llama3.2"], []),
        ("qwen3:4b", {"stream": True}, "", STREAMS, ["gpu:qwen3:4b", "local:qwen3:4b"], []),
        ("llama3.2", {}, "", REST, ["local:llama3.2", "cloud:gpt-4o-mini"], []),
        (None, {}, "", REST, ["local:llama3.2", "cloud:gpt-4o-mini"], []),
        ("nobody-has-it", {}, "", REST, ["local:llama3.2", "cloud:gpt-4o-mini"], []),
        # A colon in a tag is no target.
        ("llama3.2:latest", {}, "", REST, ["local:llama3.2:latest", "local:llama3.2", "cloud:gpt-4o-mini"], []),
        # Labels strike out whoever does not accept every one of them.
        ("gpt-4o", {}, "private", BIG, ["local:llama3.2"], [("cloud", "labels")]),
        ("qwen3:4b", {"stream": True}, "legal", STREAMS, ["gpu:qwen3:4b", "local:qwen3:4b"], []),
        ("qwen3:4b", {"stream": True}, "legal private", STREAMS, ["local:qwen3:4b"], [("gpu", "labels")]),
        ("a", {"secrets": True}, "private", SECRET, [], [("cloud", "labels")]),
        ("gpt-4o", {}, "nobody-wrote-this-one", BIG, ["local:llama3.2"], [("cloud", "labels")]),
        # Unknown matches no rule: the next one is asked.
        ("a", {"secrets": UNKNOWN}, "private", REST, ["local:llama3.2"], [("cloud", "labels")]),
        ("qwen3:4b", {"stream": UNKNOWN}, "", REST, ["local:qwen3:4b", "local:llama3.2", "cloud:gpt-4o-mini"], []),
        # A client that names a target skips the rules, and not the labels.
        ("cloud:gpt-4o", {}, "", NAMED_BY_CLIENT, ["cloud:gpt-4o"], []),
        ("openai:gpt-4o", {}, "", NAMED_BY_CLIENT, ["cloud:gpt-4o"], []),
        ("local:llama3.1:8b", {}, "", NAMED_BY_CLIENT, ["local:llama3.1:8b"], []),
        ("cloud:*", {}, "", NAMED_BY_CLIENT, ["cloud:gpt-4o-mini"], []),
        ("cloud:gpt-4o", {}, "private", NAMED_BY_CLIENT, [], [("cloud", "labels")]),
        ("openai:gpt-4o", {}, "private", NAMED_BY_CLIENT, [], [("cloud", "labels")]),
        # An alias is a name for a target's model, or for a model that the rules then place.
        ("fast", {}, "", NAMED_BY_CLIENT, ["local:qwen3:4b"], []),
        ("fast", {}, "private", NAMED_BY_CLIENT, ["local:qwen3:4b"], []),
        ("big", {}, "", REST, ["local:llama3.2", "cloud:gpt-4o"], []),
    ],
)
def test_facts_and_a_fleet_make_a_plan(
    asked: str | None,
    known: dict[str, FactValue],
    labels: str,
    rule: str,
    candidates: list[str],
    struck: list[tuple[str, str]],
) -> None:
    assert planned(BOOK, asked, known, labels) == (rule, candidates, struck)


@pytest.mark.parametrize(
    ("forced", "asked", "labels", "candidates", "struck"),
    [
        ("cloud", "gpt-4o", "", ["cloud:gpt-4o"], []),
        ("cloud", None, "", ["cloud:gpt-4o-mini"], []),
        ("cloud", "cloud:gpt-4o", "", ["cloud:gpt-4o"], []),
        ("cloud", "cloud:not-listed", "", ["cloud:not-listed"], []),
        ("cloud", "llama3.2", "", ["cloud:gpt-4o-mini"], []),
        ("local", "gpt-4o", "", ["local:llama3.2"], []),
        ("local", "cloud:gpt-4o", "", ["local:llama3.2"], []),
        ("local", "fast", "", ["local:qwen3:4b"], []),
        ("cloud", "fast", "", ["cloud:gpt-4o-mini"], []),
        ("cloud", "big", "", ["cloud:gpt-4o"], []),
        ("cloud", "cloud:*", "", ["cloud:gpt-4o-mini"], []),
        ("cloud", "local:*", "", ["cloud:gpt-4o-mini"], []),
        ("cloud", "gpt-4o", "private", [], [("cloud", "labels")]),
    ],
)
def test_a_forced_target_is_asked_for_a_model_that_it_has(
    forced: str, asked: str | None, labels: str, candidates: list[str], struck: list[tuple[str, str]]
) -> None:
    assert planned(BOOK, asked, {}, labels, forced) == (NAMED_BY_CLIENT, candidates, struck)


@pytest.mark.parametrize(
    ("asked", "forced"),
    [("cloud:gpt-4o", None), ("openai:gpt-4o", None), ("gpt-4o", "cloud"), ("fast", "cloud"), (None, "local")],
)
def test_where_clients_may_name_no_target_none_is_left(asked: str | None, forced: str | None) -> None:
    named = forced or "cloud"
    assert planned(WARY, asked, {}, "", forced) == (NAMED_BY_CLIENT, [], [(named, "direct")])


@pytest.mark.parametrize(
    ("asked", "rule", "candidates"),
    [
        ("fast", NAMED_BY_CLIENT, ["local:qwen3:4b"]),
        ("gpt-4o", BIG, ["cloud:gpt-4o", "local:llama3.2"]),
        ("llama3.1:8b", REST, ["local:llama3.2", "cloud:gpt-4o-mini"]),
    ],
)
def test_aliases_and_plain_names_are_the_operators_and_still_serve(
    asked: str, rule: str, candidates: list[str]
) -> None:
    assert planned(WARY, asked, {}) == (rule, candidates, [])


def test_a_target_without_any_model_is_struck_out_and_says_so() -> None:
    book = rule_book({"local": target("ollama")}, (Rule(name="all", use=("local",)),))
    plan = book.plan(KnownFacts(), "gpt-4o", frozenset(), {"local": TargetState(models=frozenset())})
    assert [(one.target, one.cause) for one in plan.struck] == [("local", "no_model")]


def test_the_reason_names_the_labels_that_are_not_accepted_and_no_other() -> None:
    plan = BOOK.plan(KnownFacts({"stream": True}), "qwen3", frozenset({"legal", "private", "audit"}), FLEET)
    assert [one.why for one in plan.struck] == ["does not accept audit, private"]


def test_the_rewrite_is_the_rules_and_a_named_target_has_none() -> None:
    facts = KnownFacts({"model": "gpt-4o"})
    assert BOOK.plan(facts, "gpt-4o", frozenset(), FLEET).rewrite.set == {"temperature": 0}
    assert not BOOK.plan(facts, "cloud:gpt-4o", frozenset(), FLEET).rewrite


def test_a_target_that_nobody_has_asked_yet_may_still_be_tried() -> None:
    plan = BOOK.plan(KnownFacts({"model": "gpt-4o"}), "gpt-4o", frozenset(), {})
    assert [str(one) for one in plan.candidates] == ["cloud:gpt-4o", "local:llama3.2"]


WORDS = st.frozensets(st.sampled_from(["private", "legal", "audit"]))
ASKED = st.sampled_from([None, "gpt-4o", "qwen3:4b", "cloud:gpt-4o", "openai:x", "local:*", "gpu:x", "fast", "big", ""])
TRUTHS = st.sampled_from([True, False, None, UNKNOWN])


@given(WORDS, ASKED, TRUTHS, TRUTHS, st.sampled_from([None, *TARGETS]))
def test_no_plan_ever_holds_a_candidate_that_does_not_accept_every_label(
    labels: frozenset[str], asked: str | None, stream: FactValue, secrets: FactValue, forced: str | None
) -> None:
    facts = KnownFacts({"model": asked, "stream": stream, "secrets": secrets})
    for book in (BOOK, WARY):
        plan = book.plan(facts, asked, labels, FLEET, forced)
        assert all(TARGETS[one.target].admits(labels) for one in plan.candidates)
        assert len(set(plan.candidates)) == len(plan.candidates)


# --- labels ---


@pytest.mark.parametrize(
    ("known", "brought", "expected"),
    [
        ({"secrets": False}, "", ""),
        ({"secrets": True}, "", "private"),
        ({"secrets": True, "header.x-team": "legal"}, "", "private legal"),
        ({"secrets": False}, "own", "own"),
        ({"secrets": False}, "private", "private"),
        ({"secrets": True}, "own", "own private"),
        ({"secrets": UNKNOWN}, "", "private"),
        ({"secrets": False, "header.x-team": UNKNOWN}, "", "legal"),
        ({"secrets": None}, "", ""),
    ],
)
def test_labels_are_added_by_conditions_and_by_what_cannot_be_decided(
    known: dict[str, FactValue], brought: str, expected: str
) -> None:
    labelled = Labelled()
    for word in brought.split():
        labelled = labelled.with_label(word, "brought")
    assert BOOK.label(KnownFacts(known), labelled).labels == frozenset(expected.split())


@given(WORDS, TRUTHS, st.sampled_from(["legal", "sales", None, UNKNOWN]))
def test_no_label_that_was_brought_is_ever_lost(brought: frozenset[str], secrets: FactValue, team: FactValue) -> None:
    labelled = Labelled(brought, tuple((word, "brought") for word in brought))
    found = BOOK.label(KnownFacts({"secrets": secrets, "header.x-team": team}), labelled)
    assert found.labels >= brought
    assert found.reasons[: len(brought)] == labelled.reasons


def test_a_label_says_why_and_whether_it_was_only_a_doubt() -> None:
    sure = BOOK.label(KnownFacts({"secrets": True, "header.x-team": "legal"}), Labelled())
    assert sure.reasons == (("private", "it holds a secret"), ("legal", "its condition holds"))
    unsure = BOOK.label(KnownFacts({"secrets": UNKNOWN}), Labelled())
    assert unsure.reasons == (("private", "could not be decided, so it binds: it holds a secret"),)


def test_a_label_without_a_condition_binds_every_request() -> None:
    book = rule_book(labels=(Label(add="ours"),))
    assert book.label(KnownFacts(), Labelled()).labels == {"ours"}


# --- compiling ---


def test_a_book_knows_which_facts_it_asks_for() -> None:
    assert BOOK.facts == {"model", "stream", "secrets", "header.x-team"}


def wrong_file() -> dict[str, Any]:
    return {
        "target": {"local": target("ollama")},
        "label": (Label(add="private", when={"secret": True}),),
        "rule": (Rule(name="a", use=("lokal",), when={"model": 5}),),
    }


def test_a_file_with_problems_compiles_to_all_of_them() -> None:
    with pytest.raises(RuleError) as caught:
        compile_rules(RuleFile(**wrong_file()))
    assert sorted(problem.path for problem in caught.value.problems if len(problem.path) > 1) == [
        ("label", 0, "when", "secret"),
        ("rule", 0, "use"),
        ("rule", 0, "when", "model"),
    ]
    assert ("rule",) in [problem.path for problem in caught.value.problems]


def test_a_rules_own_model_is_read_as_the_client_would_write_it() -> None:
    book = rule_book(TARGETS, (Rule(name="all", use=("ollama:llama3.1:8b", "openai:gpt-4o", "gpu")),))
    assert [str(use) for use in book.rules[0].use] == ["local:llama3.1:8b", "cloud:gpt-4o", "gpu"]


def test_the_smallest_file_serves() -> None:
    plan = rule_book().plan(KnownFacts(), None, frozenset(), {})
    assert (plan.rule, [str(one) for one in plan.candidates]) == (FINAL.name, ["local:llama3.2"])


WARM = FLEET | {"local": TargetState(models=frozenset({"llama3.2:latest", "qwen3:4b"}), loaded=frozenset({"qwen3:4b"}))}


@pytest.mark.parametrize(
    ("asked", "loaded"), [("qwen3:4b", True), ("llama3.2", False), ("gpt-4o", False), (None, False), ("fast", True)]
)
def test_a_target_is_warm_for_a_request_if_the_model_that_it_would_be_asked_for_is_loaded(
    asked: str | None, loaded: bool
) -> None:
    rules = (Rule(name="warm", when={"warm": {"local": True}}, use=("local",)), FINAL)
    book = rule_book(TARGETS, rules, alias={"fast": "local:qwen3:4b"})
    seen = book.situation(KnownFacts({"model": asked}), frozenset(), WARM)
    assert seen.value("warm.local") is loaded
    assert seen.value("warm.cloud") is UNKNOWN


def test_warm_first_goes_by_the_model_of_each_candidate() -> None:
    rule = Rule(name="all", use=("local:llama3.2", "cloud", "local:qwen3:4b"), order="warm first")
    plan = rule_book(TARGETS, (rule,)).plan(KnownFacts({"model": "gpt-4o"}), "gpt-4o", frozenset(), WARM)
    assert [str(one) for one in plan.candidates] == ["local:qwen3:4b", "cloud:gpt-4o", "local:llama3.2"]


def test_what_an_order_goes_by_is_asked_for_like_what_a_condition_asks() -> None:
    book = rule_book(TARGETS, (Rule(name="all", use=("local", "cloud"), order="fastest"),))
    assert book.looks_live
    assert book.facts == {"first_token.local", "first_token.cloud", "healthy.local", "healthy.cloud"}


@pytest.mark.parametrize(
    ("value", "open_"),
    [
        (Bounds(1, 15), False),
        (Bounds(4000, 9000), False),
        (Bounds(1, 4000), True),
        (Bounds(10, 20), True),
        (Bounds(16, 3999), False),
        (4000, False),
        (UNKNOWN, False),
        (None, False),
    ],
)
def test_a_rule_book_says_whether_bounds_leave_a_limit_open(value: FactValue, open_: bool) -> None:
    rules = (
        Rule(name="long", when={"any": ["big", {"model": "x"}]}, use=("local",)),
        Rule(name="small", when={"none": [{"prompt_tokens": "> 15"}]}, use=("local",)),
        Rule(name="other", when={"messages": "> 5"}, use=("local",)),
        FINAL,
    )
    book = rule_book(TARGETS, rules, fact={"big": {"prompt_tokens": ">= 4000"}})
    assert book.leaves_open("prompt_tokens", value) is open_
    assert not book.leaves_open("total_tokens", value)
    assert not BOOK.leaves_open("prompt_tokens", value)


def test_a_labels_limit_counts_as_well() -> None:
    book = rule_book(TARGETS, (FINAL,), (Label(add="long", when={"total_tokens": ">= 4000"}),))
    assert book.leaves_open("total_tokens", Bounds(1, 9000))


@pytest.mark.parametrize(("fields", "live"), [(("first_token.local",), True), (("model", "turns"), False), ((), False)])
def test_what_is_recorded_can_be_seen_although_no_rule_looks_at_it(fields: tuple[str, ...], live: bool) -> None:
    book = rule_book(TARGETS).recorded(fields)
    fleet = {"local": TargetState(first_token=0.5)}
    seen = book.situation(KnownFacts(), frozenset(), fleet)
    assert book.looks_live is live
    assert seen.value("first_token.local") == (0.5 if live else None)
