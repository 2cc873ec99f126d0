from __future__ import annotations

from typing import Any

import pytest

from routing_rules import Label, Path, Rule, RuleFile
from routing_rules.lint import lint
from tests.fakes.rule_files import FINAL, target

TARGETS = {"local": target("ollama"), "cloud": target("openai")}
SMALL = Rule(name="small", use=("local",), when={"model": "small"})


def file(**tables: Any) -> RuleFile:
    return RuleFile(**{"target": TARGETS, "rule": (FINAL,), **tables})


@pytest.mark.parametrize(
    "tables",
    [
        {},
        {"rule": (SMALL, FINAL)},
        {"rule": (Rule(name="all", use=("local:llama3.1:8b", "cloud:gpt-4o", "openai:gpt-4o", "local:*", "cloud")),)},
        {"rule": (Rule(name="all", use=("local",), when={}, set={"temperature": 0}, drop=("user",)),)},
        {"alias": {"fast": "local:llama3.2", "gpt-4": "gpt-4o", "tagged": "llama3.1:8b"}},
        {"label": (Label(add="private"), Label(add="top-secret_2", when={"secrets": True}))},
        {"target": {"local": TARGETS["local"], "my-gpu_2": target()}},
    ],
)
def test_a_file_that_says_what_it_means_has_no_problem(tables: dict[str, Any]) -> None:
    assert lint(file(**tables)) == []


def rules(*added: Rule) -> dict[str, Any]:
    return {"rule": (*added, FINAL)}


REFUSED: list[tuple[dict[str, Any], Path, str, str]] = [
    ({"target": {}, "rule": (Rule(name="a", use=("x",)),)}, ("target",), "no target", "at least one [target.NAME]"),
    ({"target": {**TARGETS, "a:b": target()}}, ("target", "a:b"), "'a:b'", "letters, digits"),
    ({"target": {**TARGETS, "a.b": target()}}, ("target", "a.b"), "'a.b'", "letters, digits"),
    ({"target": {**TARGETS, "*": target()}}, ("target", "*"), "'*'", "letters, digits"),
    ({"target": {**TARGETS, "": target()}}, ("target", ""), "''", "letters, digits"),
    ({"alias": {"a": "b", "b": "gpt-4o"}}, ("alias", "a"), "another alias, 'b'", "a model, or target:model"),
    ({"alias": {"a": "a"}}, ("alias", "a"), "another alias, 'a'", "a model"),
    ({"label": (Label(add="*"),)}, ("label", 0, "add"), "'*'", "a word of lower-case letters"),
    ({"label": (Label(add="a"), Label(add="b,c"))}, ("label", 1, "add"), "'b,c'", "a word of lower-case letters"),
    ({"label": (Label(add=""),)}, ("label", 0, "add"), "''", "a word of lower-case letters"),
    (rules(Rule(name="a", use=(), when={"model": "a"})), ("rule", 0, "use"), "an empty list", "at least one candidate"),
    (rules(Rule(name="a", use=("gpt-4o",), when={"model": "a"})), ("rule", 0, "use"), "'gpt-4o'", "local, cloud"),
    (rules(Rule(name="a", use=("llama3:8b",), when={"model": "a"})), ("rule", 0, "use"), "'llama3:8b'", "local"),
    (rules(Rule(name="a", use=("local:",), when={"model": "a"})), ("rule", 0, "use"), "'local:'", "target:model"),
    (rules(Rule(name="a", use=("LOCAL",), when={"model": "a"})), ("rule", 0, "use"), "'LOCAL'", "local, cloud"),
    ({"rule": ()}, ("rule",), "no rule without `when`", "a final rule with no `when`"),
    ({"rule": (SMALL,)}, ("rule",), "no rule without `when`", "a final rule with no `when`"),
    ({"rule": (FINAL, SMALL)}, ("rule", 1), "a rule that is never reached", "'everything else' before it has no"),
    (rules(SMALL, Rule(name="again", use=("cloud",), when={"model": "small"})), ("rule", 1), "never reached", "same"),
    (rules(SMALL, Rule(name="small", use=("cloud",), when={"model": "big"})), ("rule", 1, "name"), "again", "own"),
]


@pytest.mark.parametrize(("tables", "path", "found", "expected"), REFUSED)
def test_what_cannot_be_meant_is_refused_with_its_place(
    tables: dict[str, Any], path: Path, found: str, expected: str
) -> None:
    (problem,) = [problem for problem in lint(file(**tables)) if problem.path == path]
    assert found in problem.found
    assert expected in problem.expected


@pytest.mark.parametrize("name", ["model", "messages", "stream", "stream_options"])
@pytest.mark.parametrize("key", ["set", "default", "drop"])
def test_no_rewrite_touches_what_decides_where_a_request_goes(key: str, name: str) -> None:
    value: Any = (name,) if key == "drop" else {name: "x"}
    (problem,) = lint(file(rule=(Rule(name="all", use=("local",), **{key: value}),)))
    assert problem.path == ("rule", 0, key)
    assert repr(name) in problem.found


def test_a_misspelt_target_comes_with_its_nearest_spelling() -> None:
    (problem,) = lint(file(rule=(Rule(name="all", use=("locl:llama3.2",)),)))
    assert problem.nearest == "local"


@pytest.mark.parametrize("kind", ["ollama", "openai"])
def test_a_kind_that_two_targets_have_is_no_prefix_and_the_problem_says_why(kind: str) -> None:
    targets = {"one": target(kind), "two": target(kind)}
    (problem,) = lint(file(target=targets, rule=(Rule(name="all", use=(f"{kind}:x",)),)))
    assert f"({kind}: needs exactly one target of that kind)" in problem.expected


def test_all_problems_are_told_at_once() -> None:
    wrong = file(
        target={"a:b": target()},
        alias={"x": "x"},
        label=(Label(add="!"),),
        rule=(Rule(name="a", use=("c",), when={"model": "m"}),),
    )
    assert [problem.path[0] for problem in lint(wrong)] == ["target", "alias", "label", "rule", "rule"]
