from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules import UNKNOWN, Label, Labelled, Rule
from routing_rules.explain import explain
from routing_rules.spellings import Spellings
from routing_rules.trials import Posed
from tests.fakes.rule_files import KnownFacts, rule_book, target

TARGETS = {
    "local": target("ollama", accepts=["*"]),
    "cloud": target("openai", models={"house-model": "gpt-4o", "gpt-4o-mini": "gpt-4o-mini"}),
    "gpu": target(),
}
ALIASES = {"fast": "local:llama3.2", "deep": "cloud:gpt-4o", "plain": "qwen3"}
SPELLINGS = Spellings(TARGETS, ALIASES)


@pytest.mark.parametrize(
    ("name", "another"),
    [
        ("cloud:gpt-4o", "gpt-4o"),
        ("openai:gpt-4o", "gpt-4o"),
        ("openai:gpt-4o", "cloud:gpt-4o"),
        ("  gpt-4o\t", "gpt-4o"),
        (" cloud: gpt-4o ", "gpt-4o"),
        ("fast", "llama3.2"),
        ("fast", "local:llama3.2"),
        (" fast ", "llama3.2"),
        ("local:llama3.2", "fast"),
        ("ollama:llama3.2", "fast"),
        ("LOCAL:x", "LOCAL:x"),
        ("qwen3", "plain"),
        ("deep", "gpt-4o"),
        ("house-model", "gpt-4o"),
        ("cloud:house-model", "deep"),
        ("llama3.2:latest", "llama3.2"),
        ("llama3.2:local", "llama3.2"),
        ("library/llama3.2", "llama3.2"),
        ("https://registry.ollama.ai/library/llama3.2:latest", "llama3.2"),
        ("local:llama3.2:LATEST", "fast"),
        ("llama3.1:8b", "llama3.1:8b"),
    ],
)
def test_a_model_goes_by_all_its_names(name: str, another: str) -> None:
    assert SPELLINGS.of(name)[0] == name
    assert another in SPELLINGS.of(name)


@pytest.mark.parametrize(
    ("name", "another"),
    [("llama3.2", "fast"), ("gpu:llama3.2", "fast"), ("llama3.1:8b", "llama3.1"), ("gpu:gpt-4o", "deep"), ("x", "y")],
)
def test_and_by_none_that_is_anothers(name: str, another: str) -> None:
    assert another not in SPELLINGS.of(name)


@given(st.text(max_size=300))
def test_whatever_is_sent_is_one_of_its_own_names(name: str) -> None:
    assert {name, name.strip()} <= {*SPELLINGS.of(name), *(one.strip() for one in SPELLINGS.of(name))}


@pytest.mark.parametrize("sent", ["gpt-4o", "cloud:gpt-4o", "openai:GPT-4o", " gpt-4o", "deep", "house-model"])
def test_a_label_on_a_model_is_not_dodged_by_its_spelling(sent: str) -> None:
    label = Label(add="private", when={"model": "gpt-4o"})
    book = rule_book(TARGETS, labels=(label,), alias=ALIASES)
    assert book.label(KnownFacts({"model": sent}), Labelled()).labels == {"private"}


def test_a_model_that_is_absent_or_unknown_has_no_other_name() -> None:
    book = rule_book(TARGETS, labels=(Label(add="private", when={"model": "gpt-*"}),), alias=ALIASES)
    assert book.label(KnownFacts(), Labelled()).labels == set()
    assert book.label(KnownFacts({"model": UNKNOWN}), Labelled()).labels == {"private"}


def test_rules_look_at_the_name_that_the_client_sent() -> None:
    rules = (Rule(name="big", when={"model": "qwen*"}, use=("gpu:x",)), Rule(name="rest", use=("gpu:x",)))
    book = rule_book(TARGETS, rules, (Label(add="hr", when={"model": "qwen*"}),), alias=ALIASES)
    facts = KnownFacts({"model": "plain"})
    assert book.label(facts, Labelled()).labels == {"hr"}
    assert book.plan(facts, "plain", frozenset(), {}).rule == "rest"


def test_an_explanation_shows_all_names_that_a_label_looked_at() -> None:
    book = rule_book(TARGETS, labels=(Label(add="private", when={"model": "gpt-4o"}),), alias=ALIASES)
    posed = Posed(facts=KnownFacts({"model": "deep"}), document={}, model="deep")
    (label,) = explain(book, posed, {}).labels
    assert label.binds
    assert label.why.says.startswith('model "gpt-4o": deep, ')
    assert "gpt-4o" in label.why.says.partition(": ")[2]
