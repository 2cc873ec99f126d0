"""Targets, facts and rule books for tests, with defaults that serve most of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from routing_rules import Facts, FactValue, Label, Rule, RuleBook, RuleFile, Target, compile_rules

FINAL = Rule(name="everything else", use=("local",))


def target(kind: str = "compatible", url: str = "http://127.0.0.1:1/v1", **more: Any) -> Target:
    """Make a target as a file would, so that a key that does not exist is an error here too."""
    return msgspec.convert({"kind": kind, "url": url, **more}, Target, dec_hook=_measure)


def _measure(kind: type[Any], written: object) -> Any:
    """Read durations as the configuration does."""
    return kind.parse(written)


class KnownFacts:
    """Facts from a table; what is not in it is absent."""

    def __init__(self, known: Mapping[str, FactValue] | None = None) -> None:
        self.known = dict(known or {})
        self.asked: list[str] = []

    def value(self, name: str) -> FactValue:
        """Look a fact up."""
        self.asked.append(name)
        return self.known.get(name)


def rule_book(
    targets: Mapping[str, Target] | None = None,
    rules: tuple[Rule, ...] = (FINAL,),
    labels: tuple[Label, ...] = (),
    **more: Any,
) -> RuleBook:
    """Compile a small rule file; by default one target, `local`, that takes everything."""
    targets = targets or {"local": target("ollama", accepts=["*"], model="llama3.2")}
    return compile_rules(RuleFile(target=dict(targets), rule=rules, label=labels, **more))


NOTHING_KNOWN: Facts = KnownFacts()
