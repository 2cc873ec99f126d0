from __future__ import annotations

from typing import Any

import msgspec
import pytest

from proxy.pipeline.explaining import ALWAYS_TOLD, CandidateTold, LabelTold, Told, facts_told, told, without_text
from routing_rules import UNKNOWN, Bounds, FactValue, Label, Labelled, Rule, TargetState
from routing_rules.explain import explain
from routing_rules.rewrite import Change
from routing_rules.trials import Posed
from tests.fakes.rule_files import KnownFacts, rule_book, target

TARGETS = {
    "local": target("ollama", accepts=["*"], model="llama3.2"),
    "cloud": target("openai", model="gpt-4o"),
}
LABELS = (
    Label(add="private", when={"secrets": True}, why="keys stay here"),
    Label(add="legal", when={"header": {"x-team": "legal"}}),
)
RULES = (
    Rule(name="large", when={"prompt_tokens": "> 1000"}, use=("cloud",)),
    Rule(name="all", use=("cloud", "local"), set={"seed": 1}, drop=("user",)),
    Rule(name="never", use=("local",)),
)


def explained(
    known: dict[str, FactValue], rules: tuple[Rule, ...] = RULES[:2], down: str | None = None, **posed: Any
) -> Told:
    book = rule_book(TARGETS, rules, LABELS)
    facts = KnownFacts({"model": "m", "secrets": False, "prompt_tokens": Bounds(1, 4), **known})
    one = Posed(**{"facts": facts, "document": {}, "model": "m", **posed})
    fleet = {"cloud": TargetState(down=down)}
    return told(explain(book, one, fleet), one, book.facts, {"cloud": down} if down else {})


def test_labels_say_why_and_whether_a_detector_found_them() -> None:
    brought = Labelled().with_label("draft", "the x-wye-label header")
    assert explained({"secrets": True, "header.x-team": "legal"}, brought=brought).labels == (
        LabelTold("draft", "the x-wye-label header", False),
        LabelTold("private", "keys stay here", True),
        LabelTold("legal", "its condition holds", False),
    )
    (one,) = explained({"secrets": UNKNOWN}).labels
    assert one.why == "could not be decided, so it binds: keys stay here"


def test_candidates_stand_in_order_with_who_is_down_and_then_who_is_struck_out() -> None:
    assert explained({}, down="gone").candidates == (
        CandidateTold("cloud", "gpt-4o", down="gone"),
        CandidateTold("local", "llama3.2"),
    )
    assert explained({"secrets": True}).candidates == (
        CandidateTold("local", "llama3.2"),
        CandidateTold("cloud", struck="does not accept private"),
    )


def test_every_rule_has_its_outcome_and_the_conditions_what_was_found() -> None:
    got = explained({})
    assert (got.rule, got.skipped) == ("all", None)
    assert [(one.rule, one.outcome) for one in got.rules] == [("large", "does not match"), ("all", "matches")]
    named = explained({}, forced="cloud")
    assert named.rules == ()
    assert "names the target 'cloud'" in (named.skipped or "")


def test_the_rewrite_is_told_field_by_field_and_without_what_a_client_wrote() -> None:
    document = {"user": "ann", "seed": 7, "messages": []}
    got = explained({}, document=document, model="fast")
    assert got.rewrite == (Change("model", "fast", "gpt-4o"), Change("user", "…", None), Change("seed", 7, 1))
    rule = Rule(name="all", use=("local:qwen3",), hash=("user",))
    hashed = explained({}, (rule,), document=document, model="m")
    assert hashed.rewrite == (Change("model", "m", "qwen3"), Change("user", "…", "(hashed)"))


@pytest.mark.parametrize("value", [None, True, 0, 0.5, "low", "auto"])
def test_numbers_and_the_words_of_the_api_are_no_text(value: object) -> None:
    assert without_text(value) == value


@pytest.mark.parametrize("value", ["ann", "", ["low"], {"low": 1}, [], {}])
def test_anything_else_that_a_client_wrote_is(value: object) -> None:
    assert without_text(value) == "…"


def test_a_labelled_request_that_would_reach_out_has_no_candidate_and_no_rewrite() -> None:
    got = explained({"secrets": True}, look_outward=lambda _: "web_search_options", document={"user": "ann"})
    assert got.outward == "web_search_options"
    assert got.candidates == (CandidateTold("cloud", struck="does not accept private"),)
    assert got.rewrite == ()
    free = explained({}, look_outward=lambda _: "web_search_options")
    assert (free.outward, len(free.candidates)) == (None, 2)


def test_facts_are_those_that_are_always_told_and_those_that_rules_ask_for() -> None:
    assert set(explained({}).facts) == {*ALWAYS_TOLD, "secrets", "header.x-team"}
    facts = KnownFacts({"a": Bounds(1, 2), "b": UNKNOWN, "c": ("x",)})
    assert facts_told(facts, ("b", "a", "c", "a", "d"), lambda _: {}) == {
        "b": {"unknown": True},
        "a": {"low": 1, "high": 2},
        "c": ("x",),
        "d": None,
    }


def test_a_fact_of_which_more_is_known_than_its_value_is_a_table() -> None:
    features = [{"name": "length", "value": 0.5, "weight": 0.2, "share": 0.1}]
    details = {"secrets": {"kinds": ["github token"]}, "prompt_tokens": {"features": features}}
    got = explained({"secrets": True}, details=lambda name: details.get(name, {}))
    assert got.facts["secrets"] == {"value": True, "kinds": ["github token"]}
    assert got.facts["prompt_tokens"] == {"value": {"low": 1, "high": 4}, "features": features}
    assert got.facts["stream"] is None


def test_it_is_json_and_holds_what_conditions_found() -> None:
    read = msgspec.json.decode(msgspec.json.encode(explained({"header.x-team": "legal"})))
    assert read["facts"]["header.x-team"] == "legal"
    assert read["facts"]["prompt_tokens"] == {"low": 1, "high": 4}
    assert read["candidates"][0] == {"target": "local", "model": "llama3.2"}
