"""The table of fingerprints: of fixed size, without locks, in memory that several processes may share.

A slot is 64 bytes: fingerprint, time of expiry (whole seconds, wall clock), label, checksum. Eight slots are a bucket;
a fingerprint belongs to one bucket, where it replaces what is expired or else what expires first. Slots are copied in
and out whole, and the checksum tells one that two processes wrote at once: that slot is lost, never read as another's.

Shared memory has no name. The standard library keeps it in a file that is unlinked as soon as it is open (on Windows in
a mapping), so that the last process to end frees it, even if all are killed; it travels to processes as they start.
"""

from __future__ import annotations

import ctypes
import math
import multiprocessing
from collections.abc import Callable, Iterable
from struct import Struct
from typing import Any, Self
from zlib import crc32

FINGERPRINT_BYTES = 16
ENTRIES = 65_536  # 4 MiB: some hours of a busy site's labelled talk
LABEL_BYTES = 40

_BODY = Struct(f"<{FINGERPRINT_BYTES}sI{LABEL_BYTES}s")
_SLOT = Struct(f"<{FINGERPRINT_BYTES}sI{LABEL_BYTES}sI")
_LATEST = Struct("<I")
_WAYS = 8
_BUCKET_BYTES = _WAYS * _SLOT.size
_HEAD_BYTES = _SLOT.size
_LABELS_A_BUCKET = 4  # of one fingerprint, so that many do not push each other out; more go to the next bucket

NONE: frozenset[str] = frozenset()
Slot = tuple[bytes, int, bytes, int]


class Table:
    """Fingerprints with labels, until they expire or are pushed out. Times are seconds of the wall clock."""

    def __init__(self, cells: Any) -> None:
        """Use memory that is zero at first: any writable buffer whose size is of `size_bytes`."""
        self._cells = cells
        self._view = memoryview(cells).cast("B")
        self._buckets = (len(self._view) - _HEAD_BYTES) // _BUCKET_BYTES

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

    @property
    def latest(self) -> int:
        """When the last entry expires; 0 while there never was one."""
        (latest,) = _LATEST.unpack_from(self._view)
        return int(latest)

    def labels(self, fingerprint: bytes, now: float) -> frozenset[str]:
        """Return the labels that a fingerprint bears."""
        home = int.from_bytes(fingerprint[:8], "little") % self._buckets
        if fingerprint not in self._held(home):  # the usual case, answered by one search in C
            return NONE
        found: set[str] = set()
        for further in range(self._buckets):
            held = self._held((home + further) % self._buckets)
            here = [slot for slot in _SLOT.iter_unpack(held) if _holds(slot, fingerprint)]
            if not here:
                break
            found.update(_read(slot) for slot in here if slot[1] > now)
        return frozenset(found)

    def put(self, fingerprint: bytes, labels: Iterable[str], until: float) -> None:
        """Remember labels of a fingerprint until then; those that it bears already are renewed."""
        expiry = math.ceil(until)
        for at, label in enumerate(sorted(labels)):
            bucket = (self._home(fingerprint) + at // _LABELS_A_BUCKET) % self._buckets
            self._write(bucket, fingerprint, expiry, _fitted(label))
        if expiry > self.latest:
            _LATEST.pack_into(self._view, 0, expiry)

    def _write(self, bucket: int, fingerprint: bytes, expiry: int, label: bytes) -> None:
        slots: list[Slot] = list(_SLOT.iter_unpack(self._held(bucket)))
        same = next((at for at, slot in enumerate(slots) if _holds(slot, fingerprint) and slot[2] == label), None)
        at = min(range(_WAYS), key=lambda at: slots[at][1]) if same is None else same
        expiry = expiry if same is None else max(expiry, slots[at][1])
        body = _BODY.pack(fingerprint, expiry, label)
        start = _HEAD_BYTES + bucket * _BUCKET_BYTES + at * _SLOT.size
        self._view[start : start + _SLOT.size] = body + crc32(body).to_bytes(4, "little")

    def _home(self, fingerprint: bytes) -> int:
        return int.from_bytes(fingerprint[:8], "little") % self._buckets

    def _held(self, bucket: int) -> bytes:
        start = _HEAD_BYTES + bucket * _BUCKET_BYTES
        return bytes(self._view[start : start + _BUCKET_BYTES])


def size_bytes(entries: int) -> int:
    """Return the size of a table for so many entries; whole buckets."""
    return _HEAD_BYTES + max(1, entries // _WAYS) * _BUCKET_BYTES


def _holds(slot: Slot, fingerprint: bytes) -> bool:
    return slot[0] == fingerprint and crc32(_BODY.pack(*slot[:3])) == slot[3]


def _read(slot: Slot) -> str:
    return slot[2].rstrip(b"\0").decode(errors="replace")


def _fitted(label: str) -> bytes:
    """Write a label into its field. One that is too long becomes a word that no target accepts: it binds more."""
    written = label.encode()
    fits = written if len(written) <= LABEL_BYTES else written[: LABEL_BYTES - 1] + b"~"
    return fits.ljust(LABEL_BYTES, b"\0")
