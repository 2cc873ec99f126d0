from typing import Any

import pytest

from proxy.cli.explained import lines
from proxy.pipeline.explaining import CandidateTold, LabelTold, Told
from routing_rules.conditions import Trace
from routing_rules.explain import LabelTrace, RuleTrace
from routing_rules.rewrite import Change

LOCAL = CandidateTold("local", "llama3.2")
CLOUD = CandidateTold("cloud", "gpt-4o")


def told(**parts: Any) -> Told:
    whole: dict[str, Any] = {
        "status": 200,
        "rule": "all",
        "labels": (),
        "tables": (),
        "rules": (),
        "skipped": None,
        "candidates": (LOCAL,),
        "order": None,
        "rewrite": (),
        "outward": None,
        "facts": {},
    }
    return Told(**{**whole, **parts})


def section(title: str, *, recorded: bool = False, **parts: Any) -> list[str]:
    text = "\n".join(lines(told(**parts), recorded=recorded))
    found = next((part for part in text.split("\n\n") if part.startswith(title)), "")
    return found.splitlines()[1:]


def rule(outcome: Any, why: Trace | None = None) -> RuleTrace:
    return RuleTrace("a rule", outcome, why)


def test_it_begins_with_the_verdict_and_then_come_the_steps() -> None:
    text = list(lines(told(rules=(rule("matches"),), facts={"stream": False})))
    assert text == [
        "It goes to local:llama3.2, by the rule “all”.",
        "",
        "Labels",
        "  none, so it may go to any target",
        "",
        "Rules, from top to bottom; the first that matches decides",
        "  ✓ a rule",
        "",
        "Candidates, in this order",
        "  1. local:llama3.2",
        "",
        "Rewrite",
        "  none, the body goes as it came",
        "",
        "Facts",
        "  stream: no",
    ]


@pytest.mark.parametrize(
    ("candidates", "status", "first"),
    [
        (
            (LOCAL, CLOUD, CandidateTold("gpu", "m")),
            200,
            "It goes to local:llama3.2, by the rule “all”; should that fail, to cloud:gpt-4o, then gpu:m.",
        ),
        (
            (CandidateTold("local", "m", down="x"), CandidateTold("gpu", "m", down="x")),
            503,
            "Nobody can answer (503): local:m and gpu:m may have it, by the rule “all”, but are down.",
        ),
        (
            (
                CandidateTold("a", struck="does not accept hr"),
                CandidateTold("b", struck="does not accept x"),
                CandidateTold("a", struck="does not accept hr"),
            ),
            403,
            (
                "It is refused (403): the rule “all” decides, and a does not accept hr and b does not accept x. "
                "Nothing is sent."
            ),
        ),
    ],
)
def test_the_verdict(candidates: tuple[CandidateTold, ...], status: int, first: str) -> None:
    assert next(lines(told(candidates=candidates, status=status))) == first


def test_a_rule_that_missed_shows_what_it_asked_and_what_was_found() -> None:
    short = Trace('prompt_tokens ">= 4000": 812, 3,188 short of it', False)
    why = Trace("all of", False, (Trace("long", False, (short,)), Trace("stream true: yes", True)))
    assert section("Rules", rules=(rule("does not match", why), rule("not asked"))) == [
        "  ✗ a rule: does not match",
        "      ✗ long",
        '          ✗ prompt_tokens ">= 4000": 812, 3,188 short of it',
        "      ✓ stream true: yes",
        "  · a rule: not asked",
    ]


def test_a_group_of_one_is_passed_over_but_not_one_that_turns_round() -> None:
    inner = Trace("stream true: yes", True)
    turned = Trace("none of", False, (Trace("any of", True, (inner,)),))
    assert section("Rules", rules=(rule("does not match", Trace("all of", False, (turned,))),))[1:] == [
        "      ✗ none of",
        "          ✓ stream true: yes",
    ]


def test_a_rule_without_a_condition_shows_none() -> None:
    assert section("Rules", rules=(rule("matches", Trace("all of", True)),)) == ["  ✓ a rule"]


def test_what_nobody_can_know_here_is_said_in_words() -> None:
    unknown = "unknown, for nobody is asked here; a wye that serves knows it"
    why = Trace("healthy.cloud true: unknown", None)
    assert section("Rules", rules=(rule("cannot be told", why),))[1] == f"      ? healthy.cloud true: {unknown}"
    facts = {"healthy.cloud": {"unknown": True}, "secrets": {"unknown": True}, "prompt_tokens": {"low": 1, "high": 97}}
    assert section("Facts", facts=facts) == [
        f"  healthy.cloud: {unknown}",
        "  secrets: unknown",
        "  prompt_tokens: between 1 and 97",
    ]


@pytest.mark.parametrize(
    ("fact", "value", "line"),
    [
        ("matches:\\bx\\b", True, '  matches "\\\\bx\\\\b": yes'),
        ("contains@user:a b", False, '  contains (user) "a b": no'),
        ("secrets@last_user", True, "  secrets (last_user): yes"),
        ("pii.email@user", False, "  pii email (user): no"),
        ("header.x-team", None, "  header.x-team: there is none"),
        ("tool_names", ["a", "b"], "  tool_names: a, b"),
        ("model", "gpt-4o", "  model: 'gpt-4o'"),
    ],
)
def test_facts_are_spelt_as_a_rule_file_spells_conditions(fact: str, value: Any, line: str) -> None:
    assert section("Facts", facts={fact: value}) == [line]


def test_every_label_table_says_what_it_found_and_detectors_guarantee_nothing() -> None:
    found = LabelTrace("private", True, True, Trace("secrets true: yes", True))
    missed = LabelTrace("hr", False, False, Trace('header.x-team "hr": there is none', False))
    labels = (LabelTold("board", "the x-wye-label header", False), LabelTold("private", "a secret", True))
    assert section("Labels", labels=labels, tables=(found, missed)) == [
        "  ✓ board: the x-wye-label header",
        "  ✓ private: a secret (detected, not guaranteed)",
        "      ✓ secrets true: yes",
        "  ✗ hr: its condition does not hold",
        '      ✗ header.x-team "hr": there is none',
    ]


def test_candidates_stand_in_order_and_who_is_out_says_why() -> None:
    candidates = (CandidateTold("local", "m", down="refused"), CLOUD, CandidateTold("gpu", struck="does not accept hr"))
    assert section("Candidates", candidates=candidates, order="drawn by chance") == [
        "  (drawn by chance)",
        "  1. local:m (down: refused)",
        "  2. cloud:gpt-4o",
        "  ✗ gpu: struck out, it does not accept hr",
    ]


def test_the_rewrite_is_a_diff() -> None:
    changes = (
        Change("model", "a", "b"),
        Change("seed", 7, None),
        Change("tags", None, ["x"]),
        Change("messages", "…", "Politely. …"),
    )
    diff = [
        *('  - model: "a"', '  + model: "b"', "  - seed: 7", '  + tags: ["x"]'),
        '  + messages: "Politely. …", where … is what the user said last',
    ]
    assert section("Rewrite", rewrite=changes) == diff
    note = "  (the body is not recorded; what it held already may stay as it was)"
    assert section("Rewrite", rewrite=changes, recorded=True) == [note, *diff]
    assert section("Rewrite", recorded=True) == ["  none, the body goes as it came"]


def test_what_is_refused_has_no_rewrite() -> None:
    assert section("Rewrite", candidates=(CandidateTold("a", struck="does not accept hr"),)) == []


def test_what_more_is_known_of_a_fact_stands_below_it_in_short_lines() -> None:
    feature = {"name": "length", "value": 0.25, "weight": 0.2, "share": 0.05}
    facts = {
        "secrets": {"value": True, "kinds": ["github token", "assignment"]},
        "prompt_tokens": {"value": {"low": 1, "high": 4}, "counted_with": "bytes"},
        "complexity": {"value": 0.05, "features": [feature, {**feature, "name": "depth"}]},
        "secrets@user": {"value": False, "kinds": ()},
    }
    assert section("Facts", facts=facts) == [
        "  secrets: yes",
        "      kinds: github token, assignment",
        "  prompt_tokens: between 1 and 4",
        "      counted with: bytes",
        "  complexity: 0.05",
        "      length: value 0.25, weight 0.2, share 0.05",
        "      depth: value 0.25, weight 0.2, share 0.05",
        "  secrets (user): no",
        "      kinds: none",
    ]
