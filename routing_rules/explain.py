"""Why a request went the way it goes: the same steps as `RuleBook.plan`, each with its reason.

The explanation holds conditions and what was found of facts; it never holds the request's text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from routing_rules.conditions import Trace
from routing_rules.facts import Facts, Fleet
from routing_rules.grammar import is_detected
from routing_rules.plan import Labelled, Plan
from routing_rules.rulebook import Asked, CompiledLabel, RuleBook
from routing_rules.spec import Order
from routing_rules.trials import Posed


class LabelTrace(msgspec.Struct, frozen=True):
    """One `[[label]]`: whether it binds this request. An outcome of null could not be told, so it binds.

    `detected` says that its condition rests on a detector: what is found binds, what is not found proves nothing.
    """

    label: str
    binds: bool
    detected: bool
    why: Trace


class RuleTrace(msgspec.Struct, frozen=True):
    """One `[[rule]]`: whether it matched. Rules behind the one that matched are not asked."""

    rule: str
    outcome: Literal["matches", "does not match", "cannot be told", "not asked"]
    why: Trace | None = None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """All of it: labels with their reasons, every rule, and the plan. `skipped` says why no rule was asked, if so.

    `seen` is what rules looked at. `order` is how the rule that matched orders its candidates, by `weights` if it
    weighs them.
    """

    labelled: Labelled
    labels: tuple[LabelTrace, ...]
    rules: tuple[RuleTrace, ...]
    plan: Plan
    seen: Facts
    skipped: str | None = None
    order: Order = "in turn"
    weights: Mapping[str, float] = {}


def explain(book: RuleBook, posed: Posed, fleet: Fleet, draw: float = 0.0, seen: Facts | None = None) -> Explanation:
    """Plan a request as `RuleBook.plan` does, and say why it comes out so. `draw` and `seen` are as there."""
    labelled = book.label(posed.facts, posed.brought)
    plan = book.plan(posed.facts, posed.model, labelled.labels, fleet, posed.forced, draw, seen)
    skipped = _skipped(book.read(posed.model, posed.forced), posed.model)
    chosen = next((rule for rule in book.rules if rule.name == plan.rule), None) if not skipped else None
    situation = seen or book.situation(posed.facts, labelled.labels, fleet)
    return Explanation(
        labelled=labelled,
        labels=tuple(_label(label, book.seen_by_labels(posed.facts)) for label in book.labels),
        rules=() if skipped else _rules(book, situation),
        plan=plan,
        seen=situation,
        skipped=skipped,
        order=chosen.order if chosen else "in turn",
        weights=chosen.weights if chosen else {},
    )


def _skipped(wish: Asked, model: str | None) -> str | None:
    if wish.named is None:
        return None
    who = f"the alias {model!r} stands for" if wish.by_alias else "the request names"
    return f"{who} the target {wish.named.target!r}, so no rule chooses"


def _label(label: CompiledLabel, facts: Facts) -> LabelTrace:
    why = label.condition.trace(facts)
    return LabelTrace(label.name, why.outcome is not False, any(map(is_detected, label.condition.names())), why)


def _rules(book: RuleBook, situation: Facts) -> tuple[RuleTrace, ...]:
    words: Mapping[bool | None, Literal["matches", "does not match", "cannot be told"]]
    words = {True: "matches", False: "does not match", None: "cannot be told"}
    traces: list[RuleTrace] = []
    for rule in book.rules:
        if traces and traces[-1].outcome in {"matches", "not asked"}:
            traces.append(RuleTrace(rule.name, "not asked"))
            continue
        why = rule.condition.trace(situation)
        traces.append(RuleTrace(rule.name, words[why.outcome], why))
    return tuple(traces)
