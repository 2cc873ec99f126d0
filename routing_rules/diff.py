"""Two rule files over yesterday's traffic: which requests would go elsewhere, from where to where, and why not told.

The traffic is a log of facts, not of text, so a condition on a fact that was not recorded cannot be answered. Such a
request is counted as "cannot tell"; it is never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from routing_rules.facts import UNKNOWN, Bounds, Facts, FactValue
from routing_rules.plan import Labelled, Labels, Plan
from routing_rules.rulebook import RuleBook

SAMPLES = 5  # ids that are given for each kind of change
_UNKNOWN = "unknown"  # how a fact that could not be found out is written, in an object of its own


class Recorded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request of a facts log: what was known of it, and what became of it. Without values where it was labelled.

    `at` is when it ended (ISO 8601); `draw` is the chance it was given; `target` is who answered.
    """

    id: str
    at: str | None = None
    facts: dict[str, Any] = {}
    labels: tuple[str, ...] = ()
    brought: tuple[str, ...] = ()
    forced: str | None = None
    draw: float = 0.0
    rule: str | None = None
    target: str | None = None
    status: int | None = None


class CannotTellError(Exception):
    """The log does not say what a condition asks; `args[0]` is the fact's name."""


class RecordedFacts:
    """The facts of a recorded request. Asking for one that was not recorded raises CannotTellError."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        self._known = known

    def value(self, name: str) -> FactValue:
        """Return a recorded fact."""
        if name not in self._known:
            raise CannotTellError(name)
        return read_fact(self._known[name])


def write_fact(value: FactValue) -> Any:
    """Write a fact as JSON takes it: bounds and unknown as objects of their own, so that no text looks like one."""
    if value is UNKNOWN:
        return {_UNKNOWN: True}
    return {"low": value.low, "high": value.high} if isinstance(value, Bounds) else value


def read_fact(written: Any) -> FactValue:
    """Read what `write_fact` wrote."""
    match written:
        case {"low": low, "high": high}:
            return Bounds(low, high)
        case dict():
            return UNKNOWN
        case list():
            return tuple(map(str, written))
    found: FactValue = written
    return found


class Moved(msgspec.Struct, frozen=True):
    """Requests that go another way under the new file, with ids of a few of them."""

    before: str
    after: str
    count: int
    samples: tuple[str, ...]


class Untold(msgspec.Struct, frozen=True):
    """Requests that cannot be told, by the fact that the log does not hold."""

    fact: str
    count: int
    samples: tuple[str, ...]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What changes for recorded traffic: candidates, rules and labels, each counted by from → to."""

    requests: int
    unchanged: int
    moved: tuple[Moved, ...]
    renamed: tuple[Moved, ...]
    relabelled: tuple[Moved, ...]
    untold: tuple[Untold, ...]


class _Ways(msgspec.Struct, frozen=True):
    labels: Labels
    plan: Plan


def diff(old: RuleBook, new: RuleBook, traffic: Iterable[Recorded]) -> Difference:
    """Replay recorded requests through both rule books."""
    tally = _Tally()
    for request in traffic:
        tally.requests += 1
        try:
            before, after = (_plan(book, request) for book in (old, new))
        except CannotTellError as missing:
            tally.note("untold", (str(missing), ""), request.id)
            continue
        tally.compare(request.id, before, after)
    return tally.total()


def _plan(book: RuleBook, request: Recorded) -> _Ways:
    facts = RecordedFacts(request.facts)
    if request.labels and not request.facts:
        raise CannotTellError("any: the facts of labelled requests are not recorded")
    brought = Labelled()
    for label in request.brought:
        brought = brought.with_label(label, "brought by the request")
    labels = book.label(facts, brought).labels
    forced = request.forced if request.forced in book.targets else None
    asked = facts.value("model")
    seen = seen_by_rules(facts, labels)
    plan = book.plan(facts, asked if isinstance(asked, str) else None, labels, {}, forced, request.draw, seen)
    return _Ways(labels, plan)


def seen_by_rules(facts: RecordedFacts, labels: Labels) -> Facts:
    """Return what rules look at for a recorded request: its facts, and the labels that are computed anew."""
    return _Seen(facts, labels)


class _Seen:
    """What rules saw: the recorded facts, live ones among them, and the labels that this rule book adds."""

    def __init__(self, facts: RecordedFacts, labels: Labels) -> None:
        self._facts = facts
        self._labels = tuple(sorted(labels))

    def value(self, name: str) -> FactValue:
        return self._labels if name == "labels" else self._facts.value(name)


class _Same(msgspec.Struct):
    """Requests that change in the same way."""

    count: int = 0
    samples: list[str] = msgspec.field(default_factory=list)


class _Tally:
    """Counts changes by kind and by from → to."""

    def __init__(self) -> None:
        self.requests = 0
        self.unchanged = 0
        self._found: dict[str, dict[tuple[str, str], _Same]] = {}

    def note(self, kind: str, change: tuple[str, str], id: str) -> None:  # noqa: A002 - the request's id
        same = self._found.setdefault(kind, {}).setdefault(change, _Same())
        same.count += 1
        if len(same.samples) < SAMPLES:
            same.samples.append(id)

    def compare(self, id: str, before: _Ways, after: _Ways) -> None:  # noqa: A002 - the request's id
        changes = {
            "moved": (_way(before.plan), _way(after.plan)),
            "renamed": (before.plan.rule, after.plan.rule),
            "relabelled": (_words(before.labels), _words(after.labels)),
        }
        changed = {kind: change for kind, change in changes.items() if change[0] != change[1]}
        self.unchanged += not changed
        for kind, change in changed.items():
            self.note(kind, change, id)

    def total(self) -> Difference:
        untold = tuple(Untold(fact, same.count, tuple(same.samples)) for (fact, _), same in self._most("untold"))
        moved, renamed, relabelled = (self._moved(kind) for kind in ("moved", "renamed", "relabelled"))
        return Difference(
            requests=self.requests,
            unchanged=self.unchanged,
            moved=moved,
            renamed=renamed,
            relabelled=relabelled,
            untold=untold,
        )

    def _moved(self, kind: str) -> tuple[Moved, ...]:
        return tuple(Moved(*change, same.count, tuple(same.samples)) for change, same in self._most(kind))

    def _most(self, kind: str) -> list[tuple[tuple[str, str], _Same]]:
        return sorted(self._found.get(kind, {}).items(), key=lambda item: -item[1].count)


def _way(plan: Plan) -> str:
    return ", then ".join(map(str, plan.candidates)) or "nobody (refused)"


def _words(labels: Labels) -> str:
    return ", ".join(sorted(labels)) or "no label"
