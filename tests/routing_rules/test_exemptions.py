from __future__ import annotations

from typing import Any

import pytest

from routing_rules import UNKNOWN, FactValue, Label, Labelled
from tests.fakes.rule_files import KnownFacts, rule_book, target

TARGETS = {"cloud": target("openai"), "local": target("ollama", accepts=["*"])}
ALIASES = {"cheap": "cloud:gpt-4o-mini", "gpt-4o": "cloud:gpt-4o-mini", "open": "local:llama3.2"}
FACTS: dict[str, Any] = {"safe": {"model": "gpt-4o"}, "unsafe": {"none": [{"model": "gpt-4o"}]}}


def labels(when: dict[str, Any], model: FactValue) -> set[str]:
    book = rule_book(TARGETS, labels=(Label(add="private", when=when),), alias=ALIASES, fact=FACTS)
    return set(book.label(KnownFacts({"model": model}), Labelled()).labels)


@pytest.mark.parametrize(
    "when",
    [
        {"model": "!= gpt-4o"},
        {"none": [{"model": "gpt-4o"}]},
        {"none": [{"model": ["gpt-4o", "gpt-5"]}]},
        {"none": ["safe"]},
        {"all": ["unsafe"]},
        {"any": [{"model": "!= gpt-4o"}]},
    ],
)
def test_what_frees_a_request_is_the_name_that_it_sent(when: dict[str, Any]) -> None:
    assert labels(when, "gpt-4o") == set()
    for other in ("cheap", "cloud:gpt-4o-mini", " gpt-4o ", "cloud:gpt-4o", "gpt-5-mini"):
        assert labels(when, other) == {"private"}


@pytest.mark.parametrize("when", [{"model": "gpt-4o"}, {"none": [{"model": "!= gpt-4o"}]}])
def test_what_binds_it_is_any_of_its_names(when: dict[str, Any]) -> None:
    for name in ("gpt-4o", "cheap", "cloud:gpt-4o", " gpt-4o "):
        assert labels(when, name) == {"private"}
    assert labels(when, "llama3.2") == set()


def test_of_one_label_each_part_is_asked_in_its_own_way() -> None:
    when = {"model": "llama*", "none": [{"model": "open"}]}
    assert labels(when, "local:llama3.2") == {"private"}
    assert labels(when, "open") == set()


@pytest.mark.parametrize("when", [{"model": "!= gpt-4o"}, {"none": [{"model": "gpt-4o"}]}])
def test_no_model_frees_nobody_and_an_unknown_one_neither(when: dict[str, Any]) -> None:
    assert labels(when, None) == labels(when, UNKNOWN) == {"private"}
