from __future__ import annotations

from typing import Any

import pytest

from routing_rules import Expect, Given, Label, Path, RuleFile, Trial
from routing_rules.lint_trials import lint_trials
from routing_rules.names import NAMED_BY_CLIENT
from tests.fakes.rule_files import FINAL, target

TARGETS = {"local": target("ollama", accepts=["audit"]), "cloud": target("openai")}
OK = {"status": 200}


def file(given: dict[str, Any], expect: dict[str, Any]) -> RuleFile:
    trials = (
        Trial(name="fine", expect=Expect(status=200)),
        Trial(name="t", given=Given(**given), expect=Expect(**expect)),
    )
    return RuleFile(target=TARGETS, rule=(FINAL,), label=(Label(add="legal"),), test=trials)


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ({}, OK),
        ({"prompt": "a", "down": ("local",), "busy": ("cloud",)}, {"never": ("cloud",), "attempts": 0}),
        ({}, {"target": "local:llama3.2", "rule": "everything else"}),
        ({}, {"target": "openai:gpt-4o", "rule": NAMED_BY_CLIENT}),
        ({}, {"label": "private", "labels": ("legal", "audit")}),
        ({}, {"labels": ()}),
        ({"headers": {"X-Wye-Label": "own"}}, {"label": "own"}),
        ({}, {"body": {"temperature": 0}}),
    ],
)
def test_a_test_that_names_what_there_is_has_no_problem(given: dict[str, Any], expect: dict[str, Any]) -> None:
    assert list(lint_trials(file(given, expect))) == []


@pytest.mark.parametrize(
    ("given", "expect", "path", "found", "nearest"),
    [
        ({}, {}, (), "a test that expects nothing", None),
        ({"down": ("locl",)}, OK, ("given", "down"), "the target 'locl'", "local"),
        ({"busy": ("cluod",)}, OK, ("given", "busy"), "the target 'cluod'", "cloud"),
        ({}, {"never": ("clud",)}, ("expect", "never"), "the target 'clud'", "cloud"),
        ({}, {"never": ("cloud:gpt-4o",)}, ("expect", "never"), "the target 'cloud:gpt-4o'", "cloud"),
        ({}, {"target": "locl:llama3.2"}, ("expect", "target"), "the target 'locl:llama3.2'", "local"),
        ({}, {"rule": "everything els"}, ("expect", "rule"), "the rule 'everything els'", "everything else"),
        ({}, {"label": "privat"}, ("expect", "label"), "the label 'privat'", "private"),
        ({}, {"labels": ("legal", "zzz")}, ("expect", "labels"), "the label 'zzz'", None),
        ({}, {"status": 99}, ("expect", "status"), "another number", None),
        ({}, {"attempts": -1}, ("expect", "attempts"), "a number below 0", None),
    ],
)
def test_a_name_that_the_file_does_not_have_comes_with_the_nearest_one(
    given: dict[str, Any], expect: dict[str, Any], path: Path, found: str, nearest: str | None
) -> None:
    (problem,) = lint_trials(file(given, expect))
    assert (problem.path, problem.found, problem.nearest) == (("test", 1, *path), found, nearest)


def test_all_that_is_wrong_is_told_at_once() -> None:
    wrong = file({"down": ("x", "y")}, {"rule": "x", "label": "x", "never": ("x",), "target": "x"})
    assert len(list(lint_trials(wrong))) == 6
