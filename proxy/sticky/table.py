"""The table of fingerprints: of fixed size, without locks between processes, in memory that several of them may share.

A slot is 64 bytes: fingerprint, time of expiry (whole seconds, wall clock), label, checksum. A fingerprint begins with
four bytes of its owner, the caller. Eight slots are a bucket; a fingerprint belongs to two, and goes where more room
is, so that the table is nearly full before the first bucket is.

Nothing is pushed out in its time. Where both buckets are full, entries become coarser: those of one label become one
that stands for all that their owner may have here, and a look-up finds it where it should have found nothing. A table
that is too full binds too much, never too little. It is the owner of most in that bucket who pays, so a flood coarsens
what the flooder said and nobody else's; `coarsening.py` says how.

Slots are copied in and out whole, and the checksum tells one that two processes wrote at once: that slot is never read
as another's, and whoever wrote looks whether it is there, and writes again. Shared memory has no name. The standard
library keeps it in a file that is unlinked as soon as it is open (on Windows in a mapping), so that the last process to
end frees it, even if all are killed; it travels to processes as they start.
"""

from __future__ import annotations

import ctypes
import math
import multiprocessing
from collections.abc import Callable, Iterable
from struct import Struct
from threading import Lock
from typing import Any, Self
from zlib import crc32

from proxy.sticky.coarsening import ANYBODY, FINGERPRINT_BYTES, OWNER_BYTES, WHOLLY, Entry, coarsest, everything_of

ENTRIES = 131_072  # 8 MiB
LABEL_BYTES = 40
MOST_LABELS = 64  # of one fingerprint; with more it has the one that no target accepts
NO_TARGETS = "~"  # a label that no rule file can name

_BODY = Struct(f"<{FINGERPRINT_BYTES}sI{LABEL_BYTES}s")
_SLOT = Struct(f"<{FINGERPRINT_BYTES}sI{LABEL_BYTES}sI")
_TIME = Struct("<I")
_WAYS = 8
_BUCKET_BYTES = _WAYS * _SLOT.size
_OWNERS = 1024  # times, one for all owners whose first bytes lead to it
_HEAD_BYTES = _OWNERS * _TIME.size
_LABELS_A_BUCKET = 4  # of one fingerprint, so that many do not crowd one; more go to the next bucket
_TRIES = 3

NONE: frozenset[str] = frozenset()
Slot = tuple[bytes, int, bytes, int]


class Table:
    """Fingerprints with labels, until they expire. Times are seconds of the wall clock."""

    def __init__(self, cells: Any) -> None:
        """Use memory that is zero at first: any writable buffer whose size is of `size_bytes`."""
        self._cells = cells
        self._view = memoryview(cells).cast("B")
        self._buckets = (len(self._view) - _HEAD_BYTES) // _BUCKET_BYTES
        self._writing = Lock()  # between this process's threads; other processes have their own

    @classmethod
    def alone(cls, entries: int = ENTRIES) -> Self:
        """Make a table for this process."""
        return cls(bytearray(size_bytes(entries)))

    @classmethod
    def shared(cls, entries: int = ENTRIES) -> Self:
        """Make a table that travels to processes which this one starts (`spawn`), as an argument of theirs."""
        return cls(multiprocessing.get_context("spawn").RawArray(ctypes.c_ubyte, size_bytes(entries)))

    def __reduce__(self) -> tuple[Callable[[Any], Table], tuple[Any]]:
        if isinstance(self._cells, bytearray):
            raise TypeError("A table of one process cannot travel: a copy would forget what the other remembers.")
        return type(self), (self._cells,)

    def latest(self, owner: bytes) -> int:
        """Return the time after which an owner has nothing here; it may have nothing before, too."""
        (latest,) = _TIME.unpack_from(self._view, _place_of(owner))
        return int(latest)

    def labels(self, fingerprint: bytes, now: float) -> frozenset[str]:
        """Return the labels that a fingerprint bears; where entries became coarser, perhaps others of its owner's."""
        found: set[str] = set()
        for further in range(MOST_LABELS // _LABELS_A_BUCKET):
            held = b"".join([self._held(bucket) for bucket in self._homes(fingerprint, further)])
            if fingerprint not in held and WHOLLY not in held:  # the usual case, answered by two searches in C
                break
            here = [slot for slot in _SLOT.iter_unpack(held) if _covers(slot, fingerprint) and _is_sound(slot)]
            found.update(_read(slot) for slot in here if slot[1] > now)
            if len({label for _, _, label, _ in here}) < _LABELS_A_BUCKET:
                break
        return frozenset(found) or NONE

    def put(self, fingerprint: bytes, labels: Iterable[str], until: float, now: float) -> None:
        """Remember labels of a fingerprint until then; those that it bears already are renewed."""
        expiry, borne = math.ceil(until), sorted(labels)
        for at, label in enumerate(borne if len(borne) <= MOST_LABELS else [NO_TARGETS]):
            homes, entry = self._homes(fingerprint, at // _LABELS_A_BUCKET), Entry(fingerprint, expiry, _fitted(label))
            with self._writing:
                for _ in range(_TRIES):  # another process may have written in the same place
                    if not self._has_written(homes, entry, now):
                        break
        place = _place_of(fingerprint)
        if expiry > _TIME.unpack_from(self._view, place)[0]:
            _TIME.pack_into(self._view, place, expiry)

    def _has_written(self, homes: tuple[int, ...], entry: Entry, now: float) -> bool:
        """Write an entry unless it is there, and say whether there was need to."""
        held = {bucket: list(_SLOT.iter_unpack(self._held(bucket))) for bucket in homes}
        for bucket, slots in held.items():
            for at, slot in enumerate(slots):
                if slot[2] == entry.label and _covers(slot, entry.fingerprint) and _is_sound(slot):
                    if slot[1] >= entry.expiry:
                        return False
                    if slot[0] == entry.fingerprint:
                        self._store(bucket, at, entry)
                        return True
        free = [[(bucket, at) for at, slot in enumerate(slots) if slot[1] <= now] for bucket, slots in held.items()]
        if roomiest := max(free, key=len):
            self._store(*roomiest[0], entry)
        else:
            self._coarsen(homes[0], entry)
        return True

    def _coarsen(self, bucket: int, entry: Entry) -> None:
        """Make room in a full bucket: several entries become one that stands for more; it is written first."""
        slots = list(_SLOT.iter_unpack(self._held(bucket)))
        damaged = next((at for at, slot in enumerate(slots) if not _is_sound(slot)), None)
        if damaged is not None:
            self._store(bucket, damaged, entry)
            return
        merged, members = coarsest([*(Entry(*slot[:3]) for slot in slots), entry], _fitted(NO_TARGETS))
        first, *rest = (at for at in members if at < _WAYS)
        self._store(bucket, first, merged)
        if _WAYS not in members:
            self._store(bucket, rest.pop(), entry)
        for at in rest:
            self._store(bucket, at, Entry(b"", 0, b""))

    def _store(self, bucket: int, at: int, entry: Entry) -> None:
        body = _BODY.pack(entry.fingerprint, entry.expiry, entry.label)
        start = _HEAD_BYTES + bucket * _BUCKET_BYTES + at * _SLOT.size
        self._view[start : start + _SLOT.size] = body + crc32(body).to_bytes(4, "little")

    def _homes(self, fingerprint: bytes, further: int) -> tuple[int, ...]:
        """Return the buckets that a fingerprint belongs to: two, in a table that has as many."""
        first = (int.from_bytes(fingerprint[4:10], "little") + further) % self._buckets
        second = (int.from_bytes(fingerprint[10:], "little") + further) % self._buckets
        return (first,) if first == second else (first, second)

    def _held(self, bucket: int) -> bytes:
        start = _HEAD_BYTES + bucket * _BUCKET_BYTES
        return bytes(self._view[start : start + _BUCKET_BYTES])


def size_bytes(entries: int) -> int:
    """Return the size of a table for so many entries; whole buckets."""
    return _HEAD_BYTES + max(1, entries // _WAYS) * _BUCKET_BYTES


def _place_of(owner: bytes) -> int:
    return int.from_bytes(owner[:OWNER_BYTES], "little") % _OWNERS * _TIME.size


def _covers(slot: Slot, fingerprint: bytes) -> bool:
    return slot[0] in (fingerprint, everything_of(fingerprint), ANYBODY)


def _is_sound(slot: Slot) -> bool:
    return crc32(_BODY.pack(*slot[:3])) == slot[3]


def _read(slot: Slot) -> str:
    return slot[2].rstrip(b"\0").decode(errors="replace")


def _fitted(label: str) -> bytes:
    """Write a label into its field. One that is too long becomes a word that no target accepts: it binds more."""
    written = label.encode()
    fits = written if len(written) <= LABEL_BYTES else written[: LABEL_BYTES - 1] + NO_TARGETS.encode()
    return fits.ljust(LABEL_BYTES, b"\0")
