from __future__ import annotations

import pickle
from typing import Any

import pytest

from proxy.config.load import decode_config
from proxy.config.only import only
from proxy.config.planned import is_offered
from proxy.config.schema import Config
from routing_rules import NO_LABELS, RuleBook, RuleError, TargetState, compile_rules
from tests.fakes.rule_files import KnownFacts

TEXT = """
[target.local]
kind = "ollama"
url = "http://localhost:11434/v1"
accepts = ["*"]
model = "llama3.2"
[target.cloud]
kind = "openai"
url = "https://api.openai.com/v1"
model = "gpt-4o-mini"
accepts = ["legal"]
[alias]
fast = "local:llama3.2"
smart = "cloud:gpt-4o"
named = "openai:o3"
plain = "gpt-4o"
any = "cloud:*"
[fact.quiet]
busy.cloud = "< 50%"
[[label]]
add = "private"
when = { secrets = true }
[[rule]]
name = "legal"
when = { labels = "legal", model = "x" }
use = ["cloud"]
[[rule]]
name = "while the cloud is up"
when = { any = ["quiet", { healthy.cloud = true }], model = "gpt-*" }
use = ["cloud:gpt-4o", "local:llama3.1:8b", "cloud"]
set = { temperature = 0.2 }
[[rule]]
name = "shared out"
when = { stream = true }
use = ["local", "openai:o3"]
order = "weighted"
weights = { local = 3, cloud = 1 }
[[rule]]
name = "the rest"
use = ["cloud", "local"]
[[test]]
name = "the rest goes to the cloud"
expect = { target = "cloud" }
"""
WHOLE = decode_config(TEXT, "wye.toml")


def narrowed(target: str) -> tuple[Config, RuleBook]:
    config = only(WHOLE, target)
    return config, compile_rules(config.rules, is_offered)


def planned(book: RuleBook, model: str, labels: frozenset[str] = NO_LABELS, **facts: Any) -> Any:
    states = {name: TargetState(models=frozenset({"llama3.2", "gpt-4o"})) for name in book.targets}
    return book.plan(KnownFacts({"model": model, **facts}), model, labels, states)


@pytest.mark.parametrize(
    ("target", "uses"),
    [
        ("local", [("local",), ("local:llama3.1:8b",), ("local",), ("local",)]),
        ("cloud", [("cloud",), ("cloud:gpt-4o", "cloud"), ("cloud:o3",), ("cloud",)]),
    ],
)
def test_every_rule_uses_this_target_with_the_models_it_named_there(target: str, uses: list[tuple[str, ...]]) -> None:
    config, book = narrowed(target)
    assert [rule.use for rule in config.rule] == uses
    assert list(config.target) == list(book.targets) == [target]
    assert {rule.order for rule in config.rule} == {"in turn"}


def test_rules_keep_their_conditions_their_names_and_their_rewrites() -> None:
    config, book = narrowed("local")
    kept = [(rule.name, rule.when, rule.set) for rule in config.rule]
    assert kept == [(rule.name, rule.when, rule.set) for rule in WHOLE.rule]
    assert (config.label, config.boundary, config.server) == (WHOLE.label, WHOLE.boundary, WHOLE.server)
    assert planned(book, "x", stream=True).rule == "shared out"


def test_the_files_tests_are_about_the_whole_of_it() -> None:
    assert WHOLE.test
    assert only(WHOLE, "local").test == ()


def test_what_is_asked_about_a_target_that_is_gone_is_unknown() -> None:
    _, book = narrowed("local")
    assert planned(book, "gpt-4o").rule == "the rest"
    _, book = narrowed("cloud")
    assert planned(book, "gpt-4o").rule == "while the cloud is up"


@pytest.mark.parametrize(
    ("target", "aliases"),
    [
        ("local", {"fast": "local:llama3.2", "smart": "gpt-4o", "named": "o3", "plain": "gpt-4o", "any": "local:*"}),
        (
            "cloud",
            {"fast": "llama3.2", "smart": "cloud:gpt-4o", "named": "cloud:o3", "plain": "gpt-4o", "any": "cloud:*"},
        ),
    ],
)
def test_every_alias_is_still_answered(target: str, aliases: dict[str, str]) -> None:
    config, book = narrowed(target)
    assert config.alias == aliases
    for alias in aliases:
        (candidate,) = planned(book, alias).candidates
        assert candidate.target == target


def test_a_label_is_not_lifted() -> None:
    _, book = narrowed("cloud")
    plan = planned(book, "gpt-4o", frozenset({"private"}))
    assert plan.candidates == ()
    assert {struck.cause for struck in plan.struck} == {"labels"}
    assert planned(book, "gpt-4o", frozenset({"legal"})).candidates
    assert planned(book, "cloud:gpt-4o", frozenset({"private"})).candidates == ()


def test_a_name_that_there_is_not_is_refused_with_the_nearest() -> None:
    with pytest.raises(RuleError) as caught:
        only(WHOLE, "locl")
    assert str(caught.value) == (
        "command line: found --only 'locl'; expected the name of a target: local, cloud; did you mean 'local'?"
    )


def test_it_travels_to_a_worker_and_is_narrowed_to_the_same_again() -> None:
    config = only(WHOLE, "local")
    assert pickle.loads(pickle.dumps(config)) == config
    assert only(config, "local") == config
    assert compile_rules(pickle.loads(pickle.dumps(config)).rules, is_offered).targets == config.target
