"""The `[[test]]` tables: a request is posed, the rules decide, and what comes out is compared with what was expected.

Nothing is sent. Which facts a request has is somebody else's to say (`Pose`), so the detectors that serve are the ones
that are tested; targets answer unless `down` names them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from routing_rules.facts import Facts, TargetState
from routing_rules.plan import NO_LABELS, Candidate, Labelled, Labels, Plan
from routing_rules.rulebook import RuleBook
from routing_rules.spec import Expect, Given, Trial

OK, BAD_REQUEST, FORBIDDEN, NOT_FOUND, UNAVAILABLE = 200, 400, 403, 404, 503


LookOutward = Callable[[dict[str, Any]], str | None]
Details = Callable[[str], Mapping[str, Any]]  # what is known of a fact besides its value: plain data, no text


def _nothing(_: dict[str, Any]) -> str | None:
    return None


def _no_details(_: str) -> Mapping[str, Any]:
    return {}


class Posed(msgspec.Struct, frozen=True, kw_only=True):
    """A request as the rules see it. `look_outward` finds what `outward` is, and is asked only where a label binds.

    `details` says by a fact's name how its value came about, for explanations: the features of a score, the kinds of
    secrets that were found. It is JSON as it stands and holds nothing of the request's text.
    """

    facts: Facts
    document: dict[str, Any]
    model: str | None = None
    brought: Labelled = Labelled()
    forced: str | None = None
    look_outward: LookOutward = _nothing
    details: Details = _no_details

    @property
    def outward(self) -> str | None:
        """Where the body asks an upstream to fetch or run something itself, which a labelled request must not."""
        return self.look_outward(self.document)


Pose = Callable[[Given], Posed]  # raises ValueError for a request that is refused as it stands, with a 400


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a posed request."""

    labels: Labels
    status: int
    rule: str | None = None
    answered: Candidate | None = None
    body: dict[str, Any] = {}
    attempts: int = 0
    given_to: frozenset[str] = frozenset()


class Mismatch(msgspec.Struct, frozen=True):
    """One expectation that was not met; `key` is its key in `expect`."""

    key: str
    expected: Any
    found: Any


class TrialResult(msgspec.Struct, frozen=True):
    """One `[[test]]`: where it stands in the file (from 0), and what was not as expected. None of it means green."""

    name: str
    at: int
    mismatches: tuple[Mismatch, ...] = ()


def run_trials(book: RuleBook, trials: Sequence[Trial], pose: Pose) -> list[TrialResult]:
    """Run every test of a rule file."""
    return [
        TrialResult(trial.name, at, tuple(_compare(trial.expect, _outcome(book, trial.given, pose))))
        for at, trial in enumerate(trials)
    ]


def _outcome(book: RuleBook, given: Given, pose: Pose) -> Outcome:
    try:
        posed = pose(given)
    except ValueError:
        return Outcome(labels=NO_LABELS, status=BAD_REQUEST)
    return outcome_of(book, given, posed)


def outcome_of(book: RuleBook, given: Given, posed: Posed) -> Outcome:
    """Say what becomes of a request: who is given it, who answers, with which status."""
    labels = book.label(posed.facts, posed.brought).labels
    if labels and posed.outward is not None:
        return Outcome(labels=labels, status=BAD_REQUEST)
    states = {name: _state(name, given) for name in book.targets}
    plan = book.plan(posed.facts, posed.model, labels, states, posed.forced)
    tried = [candidate.target in given.down for candidate in plan.candidates]
    answered = next((one for one, down in zip(plan.candidates, tried, strict=True) if not down), None)
    return Outcome(
        labels=labels,
        status=status_of(plan, given.down),
        rule=plan.rule,
        answered=answered,
        body=_body(plan, posed, answered) if answered else {},
        attempts=tried.index(False) + 1 if answered else len(tried),
        given_to=frozenset(candidate.target for candidate in plan.candidates),
    )


def status_of(plan: Plan, down: Collection[str]) -> int:
    """Return the status of a plan while some targets are down, if whoever is asked answers well."""
    if not plan.candidates:
        return refused_status(plan)
    return OK if any(one.target not in down for one in plan.candidates) else UNAVAILABLE


def refused_status(plan: Plan) -> int:
    """Return the status of a plan without candidates: labels and rights forbid, or nobody has the model."""
    causes = {struck.cause for struck in plan.struck}
    return FORBIDDEN if causes & {"labels", "direct"} else NOT_FOUND


def _state(name: str, given: Given) -> TargetState:
    down = "down in this test" if name in given.down else None
    return TargetState(down=down, up=down is None, busy=float(name in given.busy))


def _body(plan: Plan, posed: Posed, answered: Candidate) -> dict[str, Any]:
    rewrite = plan.rewrite.settled(posed.document, lambda _: "(hashed)")
    return {**rewrite.apply(posed.document), "model": answered.model}


def _compare(expect: Expect, outcome: Outcome) -> Iterator[Mismatch]:
    found = ", ".join(sorted(outcome.labels)) or "no label"
    if expect.label is not None and expect.label not in outcome.labels:
        yield Mismatch("label", expect.label, found)
    if expect.labels is not None and set(expect.labels) != outcome.labels:
        yield Mismatch("labels", ", ".join(sorted(expect.labels)) or "no label", found)
    if expect.rule is not None and expect.rule != outcome.rule:
        yield Mismatch("rule", expect.rule, outcome.rule)
    yield from _compare_answer(expect, outcome)
    for target in expect.never:
        if target in outcome.given_to:
            yield Mismatch("never", f"{target} is never given it", f"{target} may be given it")


def _compare_answer(expect: Expect, outcome: Outcome) -> Iterator[Mismatch]:
    answered = outcome.answered
    if expect.target is not None and (answered is None or expect.target not in (answered.target, str(answered))):
        yield Mismatch("target", expect.target, str(answered) if answered else "nobody")
    if expect.status is not None and expect.status != outcome.status:
        yield Mismatch("status", expect.status, outcome.status)
    if expect.attempts is not None and expect.attempts != outcome.attempts:
        yield Mismatch("attempts", expect.attempts, outcome.attempts)
    for name, wanted in expect.body.items():
        if outcome.body.get(name) != wanted:
            yield Mismatch(f"body.{name}", wanted, outcome.body.get(name, "no such field"))
