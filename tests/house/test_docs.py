"""The page on the rule language names every condition, every key of a rule, and every planned fact."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config.planned import PLANNED_FACTS
from routing_rules import Expect, Given, Rule
from routing_rules.grammar import KEYS

PAGE = (Path(__file__).parents[2] / "docs/rules.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", KEYS)
def test_it_names_every_condition(key: str) -> None:
    family = key.removesuffix(".NAME")
    assert f"`{family}`" in PAGE or f"`{family}." in PAGE


@pytest.mark.parametrize("fact", sorted(PLANNED_FACTS))
def test_it_says_which_conditions_are_still_to_come(fact: str) -> None:
    planned = PAGE.partition("Planned, and refused")[2].partition("\n\n")[0]
    assert f"`{fact.removeprefix('pii.')}`" in planned or f"`{fact}.TARGET`" in planned


@pytest.mark.parametrize("table", [Rule, Given, Expect])
def test_it_names_every_key_of_a_rule_and_of_a_test(table: type[Rule | Given | Expect]) -> None:
    unsaid = [name for name in table.__struct_fields__ if f"`{name}`" not in PAGE and name not in {"name", "when"}]
    assert unsaid == []
