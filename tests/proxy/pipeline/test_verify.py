from __future__ import annotations

import sys
from typing import Any

import msgspec
import pytest

from proxy.config.schema import Config, Server
from proxy.pipeline.verify import poser_of, proof_problems, proved, trial_problems, verify
from proxy.pipeline.verify import tested as results_of
from routing_rules import Given, Label, Problem, Rule, RuleBook, Secrets, Trial, compile_rules
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


def with_book(made: Config) -> tuple[Config, RuleBook]:
    return made, compile_rules(made.rules)


def nowhere(_: str) -> tuple[str, ...]:
    return ()


def test_a_file_whose_tests_pass_and_whose_boundary_holds_may_serve() -> None:
    assert verify(config(KEPT), nowhere) == []


def test_tests_run_with_the_detectors_that_serve() -> None:
    assert [(result.name, bool(result.mismatches)) for result in results_of(*with_book(config(KEPT, WRONG)))] == [
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
    assert list(trial_problems(results_of(*with_book(config(KEPT))))) == []


def test_the_rules_are_compiled_once_for_the_checks_the_tests_and_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    def count(*arguments: Any) -> RuleBook:
        made.append(arguments)
        return compile_rules(*arguments)

    for module in [module for name, module in sys.modules.items() if name.startswith(("proxy.", "routing_rules"))]:
        if hasattr(module, "compile_rules"):
            monkeypatch.setattr(module, "compile_rules", count)
    assert verify(config(KEPT, WRONG), nowhere)
    assert len(made) == 1


def test_rules_that_do_not_compile_are_not_tried_and_every_other_problem_is_named_too() -> None:
    wrong = config(KEPT, rule=(Rule(name="all", use=("nobody",)),), server=Server(port=-1))
    assert [problem.path for problem in verify(wrong, nowhere)] == [("server", "port"), ("rule", 0, "use")]
    assert verify(config(WRONG, server=Server(port=-1)), nowhere)[0].path == ("server", "port")


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
    assert problems == list(proof_problems(proved(*with_book(open_), nowhere), open_))


def test_the_headers_that_travel_to_any_target_are_text_to_every_rule() -> None:
    passing = {"local": target("ollama", accepts=["*"], model="m", pass_headers=["x-note"])}
    made = config(target=passing, rule=(Rule(name="all", use=("local",)),))
    poser = poser_of(made, rule_book(passing, made.rule, LABELS))
    seen = [poser.pose_given(Given(headers={name: SECRET})).facts.value("secrets") for name in ("x-note", "x-other")]
    assert seen == [True, False]


def test_what_a_file_says_of_secrets_holds_for_every_rule() -> None:
    secrets = Secrets(patterns={"badge": r"ACME-\d+"}, ignore=("hunter2",))
    poser = poser_of(config(secrets=secrets), rule_book(labels=LABELS))
    texts = ("my badge is ACME-7", SECRET, "hello")
    assert [poser.pose_given(Given(prompt=text)).facts.value("secrets") for text in texts] == [True, False, False]
