from __future__ import annotations

from routing_rules import UNKNOWN, Bounds, FactValue, Label, Labelled, Rule, RuleBook, TargetState
from routing_rules.explain import Explanation, explain
from routing_rules.trials import Posed
from tests.fakes.rule_files import KnownFacts, rule_book, target

TARGETS = {
    "local": target("ollama", accepts=["*"], model="llama3.2"),
    "cloud": target("openai", model="gpt-4o-mini", models=["gpt-*"]),
}
RULES = (
    Rule(name="long ones", use=("cloud",), when={"prompt_tokens": ">= 4000"}),
    Rule(name="when it is well", use=("local",), when={"healthy": {"local": True}}),
    Rule(name="big models", use=("cloud", "local"), when={"model": "gpt-*"}),
    Rule(name="the rest", use=("local",)),
)
LABELS = (
    Label(add="private", when={"secrets": True}, why="a secret was found"),
    Label(add="hr", when={"user": "hr-*"}),
)


def book() -> RuleBook:
    return rule_book(TARGETS, RULES, LABELS)


def explained(asked: str | None = "gpt-4o", forced: str | None = None, **known: FactValue) -> Explanation:
    facts = KnownFacts({"model": asked, "prompt_tokens": 812, "secrets": False, **known})
    fleet = {name: TargetState() for name in TARGETS}
    return explain(book(), Posed(facts=facts, document={}, model=asked, forced=forced), fleet)


def test_it_decides_as_the_plan_does() -> None:
    said = explained(secrets=True)
    labels = book().label(KnownFacts({"secrets": True}), Labelled())
    assert said.labelled == labels
    facts = KnownFacts({"model": "gpt-4o", "prompt_tokens": 812, "secrets": True})
    assert said.plan == book().plan(facts, "gpt-4o", labels.labels, {name: TargetState() for name in TARGETS})


def test_a_rule_that_does_not_match_says_what_was_found_and_how_far_it_is_off() -> None:
    first = explained().rules[0]
    assert first.outcome == "does not match"
    assert first.why is not None
    assert first.why.says == 'prompt_tokens ">= 4000": 812, 3,188 short of it'


def test_every_rule_has_its_outcome_and_those_behind_the_match_are_not_asked() -> None:
    assert [(rule.rule, rule.outcome) for rule in explained().rules] == [
        ("long ones", "does not match"),
        ("when it is well", "cannot be told"),
        ("big models", "matches"),
        ("the rest", "not asked"),
    ]


def test_bounds_that_miss_say_by_how_much_at_least() -> None:
    assert (why := explained(prompt_tokens=Bounds(1, 97)).rules[0].why) is not None
    assert why.says == 'prompt_tokens ">= 4000": between 1 and 97, at least 3,903 short of it'
    below = rule_book(TARGETS, (Rule(name="short", use=("cloud",), when={"turns": "< 5"}), RULES[-1]))
    found = explain(below, Posed(facts=KnownFacts({"turns": Bounds(8, 9)}), document={}), {}).rules[0].why
    assert found is not None
    assert found.says == 'turns "< 5": between 8 and 9, at least 3 beyond it'


def test_how_a_rule_orders_its_candidates_is_told() -> None:
    drawn = Rule(name="r", use=("local", "cloud"), order="weighted", weights={"local": 1, "cloud": 3})
    said = explain(rule_book(TARGETS, (drawn,)), Posed(facts=KnownFacts(), document={}), {})
    assert (said.order, said.weights) == ("weighted", {"local": 1, "cloud": 3})
    assert (explained().order, explained("cloud:gpt-4o").order) == ("in turn", "in turn")


def test_an_alias_for_a_target_is_named() -> None:
    aliased = rule_book(TARGETS, RULES[-1:], alias={"fast": "local:llama3.2"})
    said = explain(aliased, Posed(facts=KnownFacts({"model": "fast"}), document={}, model="fast"), {})
    assert said.skipped == "the alias 'fast' stands for the target 'local', so no rule chooses"


def test_what_the_rules_saw_is_kept() -> None:
    assert explained().seen.value("healthy.cloud") is UNKNOWN


def test_bounds_that_straddle_a_limit_cannot_be_told() -> None:
    first = explained(prompt_tokens=Bounds(3000, 5000)).rules[0]
    assert first.outcome == "cannot be told"
    assert first.why is not None
    assert first.why.says == 'prompt_tokens ">= 4000": between 3,000 and 5,000'


def test_a_label_says_whether_it_binds_and_an_unknown_one_does() -> None:
    labels = explained(secrets=UNKNOWN).labels
    assert [(one.label, one.binds, one.why.outcome) for one in labels] == [
        ("private", True, None),
        ("hr", False, False),
    ]
    assert labels[0].why.says == "secrets true: unknown"


def test_who_was_struck_out_and_why_stands_in_the_plan() -> None:
    plan = explained(secrets=True).plan
    assert [str(one) for one in plan.candidates] == ["local:llama3.2"]
    assert [(one.target, one.cause) for one in plan.struck] == [("cloud", "labels")]


def test_a_request_that_names_its_target_is_asked_by_no_rule() -> None:
    said = explained("cloud:gpt-4o")
    assert said.rules == ()
    assert said.skipped == "the request names the target 'cloud', so no rule chooses"
    assert explained(forced="local").skipped == "the request names the target 'local', so no rule chooses"


def test_a_fact_is_shown_by_its_name_with_what_it_rests_on() -> None:
    rules = (Rule(name="hard", use=("cloud",), when="hard"), Rule(name="rest", use=("local",)))
    named = rule_book(TARGETS, rules, fact={"hard": {"any": [{"turns": "> 3"}, {"tools": True}]}})
    said = explain(named, Posed(facts=KnownFacts({"turns": 2, "tools": True}), document={}), {})
    why = said.rules[0].why
    assert why is not None
    assert (why.says, why.outcome) == ("hard", True)
    (group,) = why.parts
    assert [part.says for part in group.parts] == ['turns "> 3": 2, 1 short of it', "tools true: yes"]
