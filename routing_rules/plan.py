"""The outcome of planning: labels with their reasons, candidates in order, and what was struck out and why."""

from __future__ import annotations

from typing import Literal

import msgspec

from routing_rules.rewrite import NO_REWRITE, Rewrite
from routing_rules.spec import RuleFile

Labels = frozenset[str]
NO_LABELS: Labels = frozenset()
PRIVATE = "private"  # the one label that exists without a file: a caller's privacy level adds it


LONGEST_LABEL = 40  # letters: a label is remembered beside the hashes of what it bound, in a place of fixed size


def is_label(word: str) -> bool:
    """Say whether a word may be a label: lower-case letters, digits, `-`, `_`. No two differ in case only."""
    letters = word.replace("-", "").replace("_", "")
    return word == word.lower() and letters.isalnum() and word.isascii() and len(word) <= LONGEST_LABEL


def known_labels(file: RuleFile) -> frozenset[str]:
    """Return every label that a file names: added by it, accepted by a target, or bounded; and `private`."""
    added = {label.add for label in file.label}
    accepted = {label for target in (*file.target.values(), *file.gone.values()) for label in target.accepts}
    return frozenset((added | accepted | {PRIVATE, *file.boundary}) - {"*"})


Cause = Literal["labels", "no_model", "direct"]


class Labelled(msgspec.Struct, frozen=True):
    """The labels that a request bears, and for each the reason."""

    labels: Labels = NO_LABELS
    reasons: tuple[tuple[str, str], ...] = ()

    def with_label(self, label: str, why: str) -> Labelled:
        """Add one label; nothing ever takes one away."""
        return Labelled(self.labels | {label}, (*self.reasons, (label, why)))

    def and_also(self, more: Labelled) -> Labelled:
        """Add all of another's labels, with their reasons."""
        return Labelled(self.labels | more.labels, (*self.reasons, *more.reasons))


class Candidate(msgspec.Struct, frozen=True):
    """One target that may be tried, and the upstream's name of the model to ask it for."""

    target: str
    model: str

    def __str__(self) -> str:
        return f"{self.target}:{self.model}"


class Struck(msgspec.Struct, frozen=True):
    """A candidate that may not be tried, and why."""

    target: str
    cause: Cause
    why: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with one request: the rule that decided, who may be tried in order, and the rewrite."""

    rule: str
    labels: Labels
    candidates: tuple[Candidate, ...]
    struck: tuple[Struck, ...] = ()
    rewrite: Rewrite = NO_REWRITE
