from __future__ import annotations

from typing import Any

import msgspec

from proxy.config.schema import Config
from proxy.pipeline.verify import poser_of, proof_problems, proved, trial_problems, verify
from proxy.pipeline.verify import tested as results_of
from routing_rules import Given, Label, Problem, Rule, Trial
from tests.fakes.rule_files import rule_book, target

SECRET = "my password is " + "hunter2"
LABELS = (Label(add="private", when={"secrets": True}),)
RULES = (Rule(name="all", use=("cloud", "local")),)


def config(*tests: dict[str, Any], **more: Any) -> Config:
    targets = {
        "local": target("ollama", accepts=["*"], model="llama3.2"),
        "cloud": target("openai", "https://api.openai.com/v1", model="gpt-4o"),
    }
    trials = tuple(msgspec.convert(test, Trial) for test in tests)
    return Config(**{"target": targets, "label": LABELS, "rule": RULES, "test": trials, **more})


KEPT = {"name": "a secret stays", "given": {"prompt": SECRET}, "expect": {"label": "private", "target": "local"}}
WRONG = {"name": "it goes out", "given": {"prompt": SECRET}, "expect": {"target": "cloud", "status": 200}}


def nowhere(_: str) -> tuple[str, ...]:
    return ()


def test_a_file_whose_tests_pass_and_whose_boundary_holds_may_serve() -> None:
    assert verify(config(KEPT), nowhere) == []


def test_tests_run_with_the_detectors_that_serve() -> None:
    assert [(result.name, bool(result.mismatches)) for result in results_of(config(KEPT, WRONG))] == [
        ("a secret stays", False),
        ("it goes out", True),
    ]


def test_what_a_test_did_not_find_is_a_problem_at_its_place_in_the_file() -> None:
    (problem,) = verify(config(KEPT, WRONG), nowhere)
    assert problem == Problem(
        path=("test", 1, "expect", "target"),
        found="'local:llama3.2' in the test 'it goes out'",
        expected="'cloud'",
    )
    assert list(trial_problems(results_of(config(KEPT)))) == []


def test_a_target_that_accepts_a_label_outside_its_boundary_is_a_problem_of_the_target() -> None:
    open_ = config(
        target={
            "local": target("ollama", accepts=["*"], model="llama3.2"),
            "cloud": target("openai", "https://api.openai.com/v1", model="gpt-4o", accepts=["private"]),
        },
        boundary={"private": ("127.0.0.1",)},
    )
    problems = verify(open_, nowhere)
    assert [problem.path for problem in problems] == [("target", "cloud", "accepts")]
    assert "outside its boundary" in problems[0].found
    assert problems == list(proof_problems(proved(open_, nowhere), open_))


def test_the_headers_that_travel_to_any_target_are_text_to_every_rule() -> None:
    passing = {"local": target("ollama", accepts=["*"], model="m", pass_headers=["x-note"])}
    made = config(target=passing, rule=(Rule(name="all", use=("local",)),))
    poser = poser_of(made, rule_book(passing, made.rule, LABELS))
    seen = [poser.pose_given(Given(headers={name: SECRET})).facts.value("secrets") for name in ("x-note", "x-other")]
    assert seen == [True, False]
