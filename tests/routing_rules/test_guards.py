from __future__ import annotations

from typing import Any

import pytest

from routing_rules import Label, Rule, RuleFile
from routing_rules.guards import unguarded
from tests.fakes.rule_files import FINAL, target

TARGETS = {"local": target("ollama", accepts=["*"]), "cloud": target("openai")}
SECRET = Label(add="private", when={"any": [{"secrets": True}, {"opaque": True}]})
OUT = Rule(name="out", use=("local", "cloud:gpt-4o"))


def warned(when: Any, *later: Rule, **tables: Any) -> list[str]:
    kept = Rule(name="kept", use=("local", "ollama:x"), when=when)
    file = RuleFile(**{"target": TARGETS, "rule": (kept, *(later or (OUT,))), **tables})
    return [problem.expected for problem in unguarded(file)]


@pytest.mark.parametrize("when", [{"header": {"x-team": "legal"}}, {"model": "a"}, "x", ("x",), {"turns": "> 9"}])
def test_a_rule_alone_is_no_guard_where_a_later_one_sends_out(when: Any) -> None:
    (expected,) = warned(when, fact={"x": {"model": "a"}}, label=(SECRET,))
    assert expected.endswith("'out' may send to cloud")


def test_it_is_one_where_no_later_rule_sends_out_whoever_names_the_target() -> None:
    assert warned({"model": "a"}, FINAL) == []
    assert warned({"model": "a"}, FINAL, alias={"a": "cloud:x"}) == []
    assert warned({"model": "a"}, direct="deny") != []
    assert warned({"model": "a"}, FINAL, target={"local": TARGETS["local"]}) == []


def test_a_rule_that_goes_out_itself_and_the_last_one_need_none() -> None:
    assert (
        list(unguarded(RuleFile(target=TARGETS, rule=(Rule(name="a", use=("cloud",), when={"model": "a"}), OUT)))) == []
    )
    assert list(unguarded(RuleFile(target=TARGETS, rule=(Rule(name="b", use=("cloud",)), FINAL)))) == []


@pytest.mark.parametrize(
    ("when", "tables"),
    [
        ({"labels": "private"}, {"label": (SECRET,)}),
        ({"labels": ["private", "x"]}, {"label": (SECRET,)}),
        ({"header": {"a": "b"}}, {"label": (Label(add="private", when={"header": {"A": "*"}}),)}),
        ({"model": "a"}, {"label": (Label(add="private"),)}),
        ("x", {"fact": {"x": {"model": "a"}}, "label": (Label(add="private", when="x"),)}),
    ],
)
def test_a_label_on_the_same_guards(when: Any, tables: dict[str, Any]) -> None:
    assert warned(when, **tables) == []


HIGH = {"preference": {"privacy_level": "high"}}


@pytest.mark.parametrize(
    "when",
    [
        HIGH,
        {"preference": {"privacy_level": ["high", "max"]}, "model": "a"},
        {"preference.privacy_level": "max"},
        "wish",
        ("wish", "more"),
        {"all": ["wish", {"model": "a"}]},
        {"any": ["wish", {"preference": {"privacy_level": "max"}}]},
    ],
)
def test_a_high_privacy_level_brings_its_label_along(when: Any) -> None:
    assert warned(when, fact={"wish": HIGH, "more": {"all": ["wish"]}}) == []


@pytest.mark.parametrize(
    "when",
    [
        {"preference": {"privacy_level": "standard"}},
        {"preference": {"privacy_level": ["high", "standard"]}},
        {"preference": {"privacy_level": "!= standard"}},
        {"preference": {"latency_preference": "high"}},
        {"any": ["wish", {"model": "a"}]},
        {"none": ["wish"]},
        ("wish", "round"),
    ],
)
def test_any_other_wish_does_not(when: Any) -> None:
    assert len(warned(when, fact={"wish": HIGH, "round": {"any": ["round"]}})) == 1


@pytest.mark.parametrize(
    ("when", "later", "count"),
    [
        ({"stream": True}, {"stream": False}, 0),
        ({"endpoint": "Embeddings"}, {"endpoint": ["chat", "responses"]}, 0),
        ({"endpoint": "embeddings"}, {"endpoint": ["chat", "embeddings"]}, 1),
        ({"endpoint": "embeddings"}, {"endpoint": "c*"}, 1),
        ({"endpoint": "embeddings"}, {"endpoint": "!= embeddings"}, 1),
        ({"stream": True}, {"model": "a"}, 1),
    ],
)
def test_a_later_rule_that_never_takes_the_same_request_is_no_way_out(when: Any, later: Any, count: int) -> None:
    assert len(warned(when, Rule(name="out", use=("cloud",), when=later), FINAL)) == count
