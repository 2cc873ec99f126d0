from __future__ import annotations

from typing import Any

import pytest

from routing_rules import Expect, Given, Label, Labelled, Rule, RuleBook, Trial
from routing_rules.trials import Mismatch, Posed, outcome_of, run_trials, status_of
from tests.fakes.rule_files import KnownFacts, rule_book, target

TARGETS = {
    "local": target("ollama", accepts=["*"], model="llama3.2"),
    "cloud": target("openai", model="gpt-4o-mini", models=["gpt-*"]),
}
LABELS = (Label(add="private", when={"secrets": True}),)
RULES = (
    Rule(name="busy days", use=("cloud",), when={"busy": {"local": ">= 90%"}}),
    Rule(name="all", use=("cloud", "local"), set={"temperature": 0.2}, hash=("user",), drop=("seed",)),
)


def book(direct: str = "allow") -> RuleBook:
    return rule_book(TARGETS, RULES, LABELS, direct=direct)


def pose(given: Given) -> Posed:
    document: dict[str, Any] = {"messages": [{"role": "user", "content": given.prompt}], **given.body}
    brought = Labelled().with_label("hr", "a header") if "x-wye-label" in given.headers else Labelled()
    return Posed(
        facts=KnownFacts({"secrets": "password" in (given.prompt or ""), "model": given.model}),
        document=document,
        model=given.model,
        brought=brought,
        look_outward=lambda body: "tools[0]" if "tools" in body else None,
    )


def found(given: Given, expect: Expect, *, direct: str = "allow") -> list[tuple[str, Any, Any]]:
    (result,) = run_trials(book(direct), [Trial(name="t", given=given, expect=expect)], pose)
    return [(one.key, one.expected, one.found) for one in result.mismatches]


SECRET = Given(prompt="my password is hunter2", model="gpt-4o", down=("local",))


def test_the_example_of_the_language_is_green() -> None:
    assert found(SECRET, Expect(label="private", status=503, never=("cloud",))) == []


@pytest.mark.parametrize(
    ("expect", "wrong"),
    [
        (Expect(label="hr"), ("label", "hr", "private")),
        (Expect(labels=()), ("labels", "no label", "private")),
        (Expect(rule="busy days"), ("rule", "busy days", "all")),
        (Expect(target="cloud"), ("target", "cloud", "nobody")),
        (Expect(status=200), ("status", 200, 503)),
        (Expect(attempts=2), ("attempts", 2, 1)),
        (Expect(never=("local",)), ("never", "local is never given it", "local may be given it")),
    ],
)
def test_what_is_not_as_expected_is_said_with_what_was_found(expect: Expect, wrong: tuple[str, Any, Any]) -> None:
    assert found(SECRET, expect) == [wrong]


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        (Given(prompt="hi", model="gpt-4o"), Expect(target="cloud:gpt-4o", attempts=1, status=200, labels=())),
        (Given(prompt="hi", model="gpt-4o", down=("cloud",)), Expect(target="local:llama3.2", attempts=2)),
        (Given(prompt="hi", down=("cloud", "local")), Expect(status=503, attempts=2)),
        (Given(prompt="hi", busy=("local",)), Expect(rule="busy days", target="cloud")),
        (Given(prompt="password", model="cloud:gpt-4o"), Expect(status=403, never=("cloud", "local"))),
        (Given(prompt="hi", headers={"x-wye-label": "hr"}), Expect(labels=("hr",), target="local")),
        (Given(prompt="password", body={"tools": []}), Expect(status=400, never=("local",))),
        (Given(prompt="hi", body={"tools": []}), Expect(status=200)),
    ],
)
def test_what_becomes_of_a_request(given: Given, expect: Expect) -> None:
    assert found(given, expect) == []


def test_where_clients_may_name_no_target_it_is_a_403() -> None:
    assert found(Given(prompt="hi", model="cloud:gpt-4o"), Expect(status=403, target=None), direct="deny") == []


def test_a_model_that_nobody_has_is_a_404() -> None:
    rules = (Rule(name="all", use=("named",)),)
    only = rule_book({"named": target("openai", models=["gpt-*"])}, rules)
    assert outcome_of(only, Given(model="x"), pose(Given(model="x"))).status == 404


def test_the_body_is_compared_as_it_would_be_sent() -> None:
    given = Given(prompt="hi", model="gpt-4o", body={"user": "anna", "seed": 1})
    right = Expect(body={"temperature": 0.2, "user": "(hashed)", "model": "gpt-4o", "seed": None})
    assert found(given, right) == []
    assert found(given, Expect(body={"temperature": 1})) == [("body.temperature", 1, 0.2)]


def test_a_request_that_cannot_be_posed_is_a_400() -> None:
    def refuse(_: Given) -> Posed:
        raise ValueError("no such thing")

    (result,) = run_trials(book(), [Trial(name="t", expect=Expect(status=400, labels=(), attempts=0))], refuse)
    assert result.mismatches == ()


@pytest.mark.parametrize(
    ("asked", "down", "status"),
    [
        ("gpt-4o", (), 200),
        ("gpt-4o", ("cloud",), 200),
        ("gpt-4o", ("cloud", "local"), 503),
        ("cloud:gpt-4o", ("local",), 403),
    ],
)
def test_the_status_of_a_plan(asked: str, down: tuple[str, ...], status: int) -> None:
    labels = frozenset({"private"}) if ":" in asked else frozenset[str]()
    plan = book().plan(KnownFacts({"model": asked}), asked, labels, {})
    assert status_of(plan, down) == status


def test_a_result_says_which_test_it_is() -> None:
    trials = [Trial(name="one", expect=Expect(status=200)), Trial(name="two", expect=Expect(status=500))]
    first, second = run_trials(book(), trials, pose)
    assert (first.name, first.at, first.mismatches) == ("one", 0, ())
    assert (second.name, second.at, second.mismatches) == ("two", 1, (Mismatch("status", 500, 200),))


def test_a_target_that_is_not_down_is_healthy_in_a_test() -> None:
    rules = (Rule(name="up", use=("local",), when={"healthy": {"local": True}}), Rule(name="all", use=("cloud",)))
    healthy = rule_book(TARGETS, rules)
    trials = [
        Trial(name="up", expect=Expect(rule="up")),
        Trial(name="down", given=Given(down=("local",)), expect=Expect(rule="all")),
    ]
    assert [result.mismatches for result in run_trials(healthy, trials, pose)] == [(), ()]
