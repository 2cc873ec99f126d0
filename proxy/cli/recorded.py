"""A past request, from the facts log: what became of it then, and what the rules of now would do with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from proxy.config.schema import FactsLog
from proxy.pipeline.explaining import CandidateTold, LabelTold, Told, told
from proxy.telemetry.facts_log import each_request
from routing_rules import Labelled, RuleBook
from routing_rules.diff import CannotTellError, Recorded, RecordedFacts, seen_by_rules
from routing_rules.explain import explain
from routing_rules.names import NAMED_BY_CLIENT
from routing_rules.trials import Posed


def find_recorded(table: FactsLog, id_: str) -> Recorded:
    """Find a request in the facts log, or in the file before it. Raises click.ClickException."""
    if table.path is None:
        raise click.ClickException("--id reads the facts log, and this configuration has no [facts_log] path")
    path = Path(table.path)
    for one in (path, Path(f"{path}.1")):
        try:
            found = [request for request in each_request(one) if request is not None and request.id == id_]
        except FileNotFoundError:
            continue
        except OSError as error:
            raise click.ClickException(f"{one} cannot be read ({error.strerror})") from None
        if found:
            return found[-1]
    raise click.ClickException(f"{path} " + (f"holds no request {id_}" if path.exists() else "is not there yet"))


def explain_recorded(book: RuleBook, request: Recorded) -> Told:
    """Explain a recorded request by the rules of now. Raises click.ClickException where its facts do not tell."""
    if request.labels and not request.facts:
        return _labelled(request)
    facts = RecordedFacts(request.facts)
    brought = Labelled()
    for label in request.brought:
        brought = brought.with_label(label, "brought by the request")
    try:
        asked = facts.value("model")
        model = asked if isinstance(asked, str) else None
        forced = request.forced if request.forced in book.targets else None
        posed = Posed(facts=facts, document={}, model=model, brought=brought, forced=forced)
        labels = book.label(facts, brought).labels
        explanation = explain(book, posed, {}, request.draw, seen_by_rules(facts, labels))
        return told(explanation, posed, request.facts, {}, always=())
    except CannotTellError as missing:
        raise click.ClickException(
            f"the facts log does not hold {missing} of {request.id}: put it into [facts_log] fields"
        ) from None


def then(request: Recorded) -> Iterator[str]:
    """Say what became of a recorded request at the time."""
    when = f"at {request.at}" if request.at else "then"
    went = f"it went to {request.target}" if request.target else "nobody was given it"
    rule = f", {_by(request.rule)}" if request.rule else ""
    status = f" (status {request.status})" if request.status else ""
    yield f"{request.id}: {when} {went}{rule}{status}."
    if request.labels and not request.facts:
        yield f"It was labelled {', '.join(request.labels)}, so no fact of it is recorded: no rule can be asked again."
    else:
        yield "By the rules of now:"


def _by(rule: str) -> str:
    return rule if rule == NAMED_BY_CLIENT else f"by the rule “{rule}”"


def _labelled(request: Recorded) -> Told:
    target, _, model = (request.target or "").partition(":")
    return Told(
        status=request.status or 0,
        rule=request.rule or "",
        labels=tuple(LabelTold(label, "recorded", detected=False) for label in request.labels),
        tables=(),
        rules=(),
        skipped="no fact of a labelled request is recorded, so no rule can be asked again",
        candidates=(CandidateTold(target, model or None),) if target else (),
        order=None,
        rewrite=(),
        outward=None,
        facts={},
    )
