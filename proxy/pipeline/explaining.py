"""An explanation as data: labels, rules, candidates, the rewrite, and the facts that the rules looked at.

It is made for whoever sent the request: it holds what conditions found of it (the model's name, a header's value, a
count), and of its text nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from routing_rules import Candidate, Facts
from routing_rules.diff import write_fact
from routing_rules.explain import Explanation, LabelTrace, RuleTrace
from routing_rules.rewrite import Change, changes
from routing_rules.trials import BAD_REQUEST, Details, Posed, status_of

# Values of the fields that a rule is likely to set. Any other text in their place is the client's own.
API_WORDS = ("none", "minimal", "low", "medium", "high", "xhigh", "auto", "default", "flex", "priority", "required")
VALUE = "value"  # the key of a fact's value, where details stand beside it
ALWAYS_TOLD = ("model", "endpoint", "stream", "prompt_tokens", "counted_with")


class LabelTold(msgspec.Struct, frozen=True):
    """A label that binds the request, and why; `detected` says that it rests on a detector, which may miss another."""

    label: str
    why: str
    detected: bool


class CandidateTold(msgspec.Struct, frozen=True, omit_defaults=True):
    """A candidate in its place, or struck out with the reason."""

    target: str
    model: str | None = None
    struck: str | None = None
    down: str | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The whole explanation.

    `status` is what the client would see if whoever is asked answers well. A fact of which more is known than its value
    is a table, its value under `value`. `tables` are the `[[label]]` tables with
    what each found. `order` is said where candidates do not stand in the rule's own order. `outward` is what a
    labelled request must not ask of an upstream, and asks.
    """

    status: int
    rule: str
    labels: tuple[LabelTold, ...]
    tables: tuple[LabelTrace, ...]
    rules: tuple[RuleTrace, ...]
    skipped: str | None
    candidates: tuple[CandidateTold, ...]
    order: str | None
    rewrite: tuple[Change, ...]
    outward: str | None
    facts: dict[str, Any]


def told(
    explanation: Explanation,
    posed: Posed,
    asked: Iterable[str],
    down: dict[str, str],
    always: tuple[str, ...] = ALWAYS_TOLD,
) -> Told:
    """Write an explanation as data.

    `asked` are the facts that the rules in force ask for, `always` those that are told whatever they ask; `down` says
    who is down, and why.
    """
    plan = explanation.plan
    outward = posed.outward if explanation.labelled.labels else None
    standing = () if outward else plan.candidates
    return Told(
        status=BAD_REQUEST if outward else status_of(plan, down),
        rule=plan.rule,
        labels=tuple(_labels(explanation)),
        tables=explanation.labels,
        rules=explanation.rules,
        skipped=explanation.skipped,
        candidates=(
            *(CandidateTold(one.target, one.model, down=down.get(one.target)) for one in standing),
            *(CandidateTold(one.target, struck=one.why) for one in plan.struck),
        ),
        order=_order(explanation),
        rewrite=_rewrite(explanation, posed, [*(one for one in standing if one.target not in down), *standing]),
        outward=outward,
        facts=facts_told(explanation.seen, (*always, *sorted(asked)), posed.details),
    )


def _labels(explanation: Explanation) -> Iterable[LabelTold]:
    detected = {one.label for one in explanation.labels if one.binds and one.detected}
    return (LabelTold(label, why, label in detected) for label, why in explanation.labelled.reasons)


def _order(explanation: Explanation) -> str | None:
    match explanation.order:
        case "weighted":
            weights = ", ".join(f"{target} {weight:g}" for target, weight in explanation.weights.items())
            return f"drawn by chance for each request, by weight: {weights}"
        case "least busy":
            return "whoever is least busy at the time comes first"
        case "fastest":
            return "whoever was measured to be the fastest to begin its answer comes first"
        case "warm first":
            return "whoever has the model loaded comes first"
    return None


def _rewrite(explanation: Explanation, posed: Posed, candidates: Sequence[Candidate]) -> tuple[Change, ...]:
    """Say how the body is changed for the first candidate."""
    if not candidates:
        return ()
    model = candidates[0].model
    renamed = (Change("model", posed.model, model),) if model != posed.model else ()
    written = changes(explanation.plan.rewrite, posed.document, lambda _: "(hashed)")
    return (*renamed, *(Change(one.field, without_text(one.before), one.after) for one in written))


def without_text(value: Any) -> Any:
    """Return what a client wrote into a field as it may be told: numbers, and the words of the API."""
    return value if value is None or isinstance(value, int | float) or value in API_WORDS else "…"


def facts_told(facts: Facts, names: Iterable[str], details: Details) -> dict[str, Any]:
    """Give facts by name, as JSON takes them; one with details as a table of its `value` and those."""
    return {name: _with_details(write_fact(facts.value(name)), details(name)) for name in dict.fromkeys(names)}


def _with_details(value: Any, details: Mapping[str, Any]) -> Any:
    return {VALUE: value, **details} if details else value
