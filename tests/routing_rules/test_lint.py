from __future__ import annotations

from typing import Any

import pytest

from routing_rules import Expect, Label, Path, Rule, RuleFile, Trial
from routing_rules.lint import lint
from routing_rules.names import NAMED_BY_CLIENT
from routing_rules.spec import FromTemplate, Prompt
from tests.fakes.rule_files import FINAL, target

TARGETS = {"local": target("ollama"), "cloud": target("openai")}
BRIEF = Prompt(prepend=FromTemplate("brief"), append="!")
LEGAL: dict[str, Any] = {"label": (Label(add="legal"),), "boundary": {"any-2": ()}}
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
        {"rule": (Rule(name="all", use=("local", "cloud"), order="weighted", weights={"local": 3, "cloud": 0}),)},
        {"rule": (Rule(name="all", use=("local", "cloud"), order="least busy", hash=("user",), drop=("n",)),)},
        {"template": {"brief": "Be brief."}, "rule": (Rule(name="all", use=("local",), prompt=BRIEF),)},
        {"rule": (Rule(name="a", use=("local",), when="x"), Rule(name="b", use=("local",), when=("x", "y")), FINAL)},
        {"rule": (Rule(name="a", use=("local",), when={"labels": ["private", "!= legal", "any*"]}), FINAL), **LEGAL},
    ],
)
def test_a_file_that_says_what_it_means_has_no_problem(tables: dict[str, Any]) -> None:
    assert lint(file(**tables)) == []


def rules(*added: Rule) -> dict[str, Any]:
    return {"rule": (*added, FINAL)}


def one(**more: Any) -> dict[str, Any]:
    return {"rule": (Rule(name="all", use=("local", "cloud"), **more),)}


NAN = float("nan")
OK = Expect(status=200)
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
    (rules(Rule(name=" ", use=("cloud",), when={"model": "big"})), ("rule", 0, "name"), "an empty name", "a sentence"),
    (
        rules(Rule(name=NAMED_BY_CLIENT, use=("cloud",), when={"model": "b"})),
        ("rule", 0, "name"),
        "again",
        "a name of its own",
    ),
    ({"rule": (FINAL, Rule(name="b", use=("cloud",)))}, ("rule", 1), "never reached", "has no `when`"),
    (
        rules(Rule(name="a", use=("cloud",), when=("x", "y")), Rule(name="b", use=("cloud",), when="y")),
        ("rule", 1),
        "never reached",
        "the same `when`",
    ),
    (one(weights={"local": 1}), ("rule", 0, "weights"), "weights", 'order = "weighted" beside them'),
    (one(order="weighted"), ("rule", 0, "weights"), "no weight above 0", "a share for each target"),
    (one(order="weighted", weights={"local": 0}), ("rule", 0, "weights"), "no weight above 0", "a share"),
    (one(order="weighted", weights={"local": -1, "cloud": 2}), ("rule", 0, "weights", "local"), "-1", "0 or more"),
    (one(order="weighted", weights={"local": 1, "cloud": NAN}), ("rule", 0, "weights", "cloud"), "nan", "0 or more"),
    (one(order="weighted", weights={"local": 1e308, "cloud": 1e308}), ("rule", 0, "weights"), "without end", "added"),
    (one(order="weighted", weights={"local": 1, "clod": 1}), ("rule", 0, "weights", "clod"), "'clod'", "cloud, local"),
    (one(prompt=BRIEF), ("rule", 0, "prompt", "prepend"), "the template 'brief'", "none is defined"),
    (one(hash=("user",), drop=("user",)), ("rule", 0, "hash"), "'user'", "neither set nor dropped"),
    (one(hash=("user",), set={"user": "x"}), ("rule", 0, "hash"), "'user'", "neither set nor dropped"),
    ({"test": (Trial(name="a", expect=OK), Trial(name="a", expect=OK))}, ("test", 1, "name"), "'a' again", "its own"),
    (
        rules(Rule(name="a", use=("local",), when={"any": [{"labels": ["privat"]}]})),
        ("rule", 0, "when", "any", 0, "labels"),
        "the label 'privat'",
        "private",
    ),
    (
        {"fact": {"x": {"none": [{"labels": "!= legl"}]}}, **LEGAL},
        ("fact", "x", "none", 0, "labels"),
        "the label 'legl'",
        "any-2, legal, private",
    ),
]


@pytest.mark.parametrize(("tables", "path", "found", "expected"), REFUSED)
def test_what_cannot_be_meant_is_refused_with_its_place(
    tables: dict[str, Any], path: Path, found: str, expected: str
) -> None:
    (problem,) = [problem for problem in lint(file(**tables)) if problem.path == path]
    assert found in problem.found
    assert expected in problem.expected


@pytest.mark.parametrize("name", ["model", "messages", "stream", "stream_options"])
@pytest.mark.parametrize("key", ["set", "default", "drop", "hash"])
def test_no_rewrite_touches_what_decides_where_a_request_goes(key: str, name: str) -> None:
    value: Any = (name,) if key in {"drop", "hash"} else {name: "x"}
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
