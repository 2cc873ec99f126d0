"""How entries of a full bucket become fewer without any of them being lost: what several say, one says of more.

Whoever has most pays first: of the owner with most entries, those that have the same label become one for everything of
that owner; if all their labels differ, one that no target accepts. Where each entry has another owner, which takes
callers without number, they become one for anybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

FINGERPRINT_BYTES = 16
OWNER_BYTES = 4  # of them, the first
WHOLLY = b"\xff" * (FINGERPRINT_BYTES - OWNER_BYTES)  # in place of a text's bytes: every text; no label has such bytes
ANYBODY = b"\xff" * OWNER_BYTES + WHOLLY


class Entry(NamedTuple):
    """What stands in a slot: a label as it is written there, and when it ends."""

    fingerprint: bytes
    expiry: int
    label: bytes


def everything_of(fingerprint: bytes) -> bytes:
    """Return the fingerprint that stands for all texts of a fingerprint's owner."""
    return fingerprint[:OWNER_BYTES] + WHOLLY


def coarsest(entries: Sequence[Entry], no_targets: bytes) -> tuple[Entry, list[int]]:
    """Return an entry that says all that some of the given say, at least two, and which these are.

    `no_targets` is the label for entries whose labels differ.
    """
    members = list(range(len(entries)))
    owner, most = _commonest(entry.fingerprint[:OWNER_BYTES] for entry in entries)
    fingerprint = ANYBODY
    if most > 1:
        fingerprint = owner + WHOLLY
        members = [at for at in members if entries[at].fingerprint.startswith(owner)]
    label, most = _commonest(entries[at].label for at in members)
    if most > 1:
        members = [at for at in members if entries[at].label == label]
    expiry = max(entries[at].expiry for at in members)
    return Entry(fingerprint, expiry, label if most > 1 else no_targets), members


def _commonest(values: Iterable[bytes]) -> tuple[bytes, int]:
    ((value, count),) = Counter(values).most_common(1)
    return value, count
