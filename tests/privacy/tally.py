"""What was in the cases, counted from outside, so that the property cannot pass by doing nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Self

from tests.privacy.faults import WELL
from tests.privacy.oracle import Answered, accepts, labels_of
from tests.privacy.play import Case, Played


def _any(of: Callable[[Answered], bool]) -> Callable[[Case, Played], bool]:
    return lambda _, played: any(of(answer) for answer in played.answers)


def _struck(case: Case, played: Played) -> bool:
    """Whether a rule that was followed, or a client, named a target that does not accept the labels of a request."""
    return any(_strikes(case, answer) for answer in played.answers)


def _strikes(case: Case, answer: Answered) -> bool:
    uses = case.file.uses.get(answer.headers.get("x-wye-rule", ""), ())
    named = {use.partition(":")[0] for use in uses}
    return any(not accepts(target, answer.named_labels) for target in case.file.targets if target.name in named)


def _faulted(_: Case, played: Played) -> bool:
    return bool(played.acted.keys() - {WELL}) or any(answer.code == "no_target_available" for answer in played.answers)


def _inherited(case: Case, played: Played) -> bool:
    """Whether an answer names labels that its request only has from the one that it quotes."""
    return any(
        answer.quoted and not answer.named_labels <= labels_of(answer.request, case.file) for answer in played.answers
    )


SIGNS: dict[str, Callable[[Case, Played], bool]] = {
    "labelled": _any(lambda answer: bool(answer.named_labels)),
    "struck": _struck,
    "refused": _any(lambda answer: answer.code == "egress_refused"),
    "faulted": _faulted,
    "answered": _any(lambda answer: answer.status == 200),
    "labelled and answered": _any(lambda answer: answer.status == 200 and bool(answer.named_labels)),
    "struck and answered": lambda case, played: any(
        answer.status == 200 and _strikes(case, answer) for answer in played.answers
    ),
    "headers before an answer": _any(lambda answer: answer.headers.get("x-wye-target") == "pending"),
    "several attempts": _any(lambda answer: int(answer.headers.get("x-wye-attempts", 0)) > 1),
    "connection used again": lambda _, played: played.reused > 0,
    "inherited": _inherited,
}


class Tally:
    """Counts cases and what was in them."""

    def __init__(self) -> None:
        self.cases = self.refused_files = self.requests = 0
        self.signs: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()

    def add(self, case: Case, played: Played) -> None:
        """Count a case."""
        self.cases += 1
        self.requests += len(played.answers)
        self.signs.update(name for name, seen in SIGNS.items() if seen(case, played))
        self.faults += played.acted
        self.statuses.update(answer.status for answer in played.answers)

    def __iadd__(self, other: Tally) -> Self:
        self.cases += other.cases
        self.requests += other.requests
        self.refused_files += other.refused_files
        self.signs += other.signs
        self.faults += other.faults
        self.statuses += other.statuses
        return self

    def share(self, sign: str) -> float:
        """The share of cases that had a sign."""
        return self.signs[sign] / self.cases if self.cases else 0.0

    @property
    def refused_share(self) -> float:
        """The share of rule files that the loader refused."""
        return self.refused_files / max(1, self.cases + self.refused_files)

    def __str__(self) -> str:
        shares = "\n".join(f"  {name:24}{self.share(name):6.1%}" for name in SIGNS)
        return (
            f"{self.cases} cases, {self.requests} requests, {self.refused_share:.1%} of rule files refused\n{shares}\n"
            f"  statuses {dict(sorted(self.statuses.items()))}\n  upstreams {dict(self.faults.most_common())}"
        )
