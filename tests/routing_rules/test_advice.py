from __future__ import annotations

from typing import Any

import pytest

from routing_rules import Label, Path, Rule, RuleFile
from routing_rules.advice import advise
from tests.fakes.rule_files import FINAL, target

TARGETS = {"local": target("ollama", accepts=["*"]), "cloud": target("openai")}
WITH_OPAQUE = {"any": [{"secrets": True}, {"opaque": True}]}
SECRET = Label(add="private", when=WITH_OPAQUE)
KEPT = Rule(name="kept", use=("local", "ollama:x"), when={"header": {"x-team": "legal"}})

OUT = Rule(name="out", use=("local", "cloud:gpt-4o"))


def file(**tables: Any) -> RuleFile:
    return RuleFile(**{"target": TARGETS, "rule": (FINAL,), **tables})


QUIET: list[dict[str, Any]] = [
    {},
    {"label": (Label(add="private", when={"secrets": True}), Label(add="private", when={"opaque": True}))},
    {"label": (Label(add="private", when={"header": {"a": "b"}}),)},
    {"label": (Label(add="private", when="x"),), "fact": {"x": WITH_OPAQUE}},
    {"label": (Label(add="private", when={**WITH_OPAQUE, "scope": "all"}),)},
    {"target": {**TARGETS, "gpu": target(accepts=["legal", "private"])}, "label": (Label(add="legal"),)},
    {"target": {**TARGETS, "gpu": target("ollama", url="http://gpu:11434/v1"), "vllm": target(url="http://a:8000/v1")}},
    {"alias": {"a": "local:x", "b": "llama3.1:8b", "c": "gpt-4o", "d": "ollama:x"}},
]


@pytest.mark.parametrize("tables", QUIET)
def test_a_file_that_is_meant_so_is_not_advised(tables: dict[str, Any]) -> None:
    assert advise(file(**tables)) == []


@pytest.mark.parametrize(
    ("tables", "path", "found", "nearest"),
    [
        ({"rule": (KEPT, OUT)}, ("rule", 0), "no label, in 'kept'", None),
        (
            {"target": {**TARGETS, "gpu": target(url="http://gpu:11434/v1")}},
            ("target", "gpu", "kind"),
            "kind = 'compatible' at the port of an Ollama",
            None,
        ),
        (
            {"label": (Label(add="private", when={"secrets": True}),)},
            ("label", 0, "when"),
            "no detector can read",
            None,
        ),
        (
            {"label": (Label(add="private", when={"pii": ["email"]}),)},
            ("label", 0, "when"),
            "no detector can read",
            None,
        ),
        (
            {
                "label": (Label(add="private", when="x"), Label(add="legal", when={"opaque": True})),
                "fact": {"x": {"contains": "a"}},
            },
            ("label", 0, "when"),
            "'private' for what is found",
            None,
        ),
        (
            {"label": (Label(add="p", when={"any": [{"secrets": True, "scope": "user"}, {"opaque": True}]}),)},
            ("label", 0, "when", "any", 0, "scope"),
            "a part of the text only: user",
            None,
        ),
        (
            {
                "label": (Label(add="p", when=("x", "x")), Label(add="p")),
                "fact": {"x": {"secrets": True, "scope": "system"}},
            },
            ("fact", "x", "scope"),
            "a part of the text only: system",
            None,
        ),
        (
            {"target": {**TARGETS, "gpu": target(accepts=["leagl"])}, "label": (Label(add="legal"),)},
            ("target", "gpu", "accepts"),
            "the label 'leagl', which nothing adds",
            "legal",
        ),
        ({"alias": {"a": "locl:llama3.2"}}, ("alias", "a"), "the model 'locl:llama3.2'", "local"),
    ],
)
def test_what_is_probably_not_meant_is_told_with_what_would_be_better(
    tables: dict[str, Any], path: Path, found: str, nearest: str | None
) -> None:
    (warning,) = advise(file(**tables))
    assert (warning.path, warning.nearest) == (path, nearest)
    assert found in warning.found
    assert warning.expected


def test_facts_that_go_round_in_circles_are_the_lints_to_refuse() -> None:
    circle = {"a": {"any": ["b"]}, "b": {"any": ["a", {"secrets": True, "scope": "user"}]}}
    assert len(advise(file(fact=circle, label=(Label(add="private", when="a"), Label(add="private"))))) == 1
