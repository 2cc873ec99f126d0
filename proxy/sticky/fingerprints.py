"""Fingerprints of what was said: keyed hashes, so that nobody can try texts against a table without its key.

A message's own fingerprint is an HMAC-SHA-256 over its caller and its text. That of a run of messages is a hash over
theirs. Spelling that a client changes on the way does not count: width and invisible letters (`Normalise`), case, and
white space.
"""

from __future__ import annotations

import copy
import hashlib
import hmac
from collections.abc import Callable
from typing import Self

from proxy.sticky.table import FINGERPRINT_BYTES
from proxy.sticky.turns import Turn

Normalise = Callable[[str], str]
# Characters, spaces counted once, from which a text alone is nobody else's. Models greet everybody alike ("Hello! How
# can I help you today?"), so of their replies only longer ones are remembered alone; a short one is known by its run.
LONG = 20
LONG_REPLY = 40
_RUN = 2  # messages from which a run of them is
_SPACE = b" \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f"  # ASCII's part of what `str.split` takes for white space
_LOWER = bytes(range(256)).lower()


class Conversation:
    """The fingerprints of one caller's messages, taken in order."""

    def __init__(self, key: bytes, caller: str, normalise: Normalise) -> None:
        name = caller.encode("utf-8", "surrogatepass")
        self._key = key
        self._caller = len(name).to_bytes(4, "little") + name
        self._normalise = normalise
        self._run = hashlib.sha256()
        self._turns = 0

    def copy(self) -> Self:
        """Return a conversation that may go on in another way."""
        other = copy.copy(self)
        other._run = self._run.copy()  # noqa: SLF001 - its own
        return other

    def add(self, turn: Turn, least: int = LONG) -> list[bytes]:
        """Take the next message and return the fingerprints of what is long enough in it to be known alone."""
        letters, long = folded(turn.whole, self._normalise, least)
        if not letters:
            return []
        whole = self._fingerprint(letters)
        self._run.update(whole)
        self._turns += 1
        if turn.is_one_text:
            return [whole] if long else []
        pieces = (folded(piece, self._normalise, least) for piece in turn.pieces)
        return [self._fingerprint(letters) for letters, long in pieces if long]

    def run(self) -> bytes | None:
        """Return the fingerprint of all messages so far; None before there are two."""
        return self._run.digest()[:FINGERPRINT_BYTES] if self._turns >= _RUN else None

    def _fingerprint(self, letters: bytes) -> bytes:
        return hmac.digest(self._key, self._caller + letters, "sha256")[:FINGERPRINT_BYTES]


def folded(text: str, normalise: Normalise, least: int = LONG) -> tuple[bytes, bool]:
    """Return a text's letters without case and white space, and say whether the text is that long."""
    plain = normalise(text)
    if plain.isascii():  # the same as below, in a fifth of the time
        letters = plain.encode().translate(_LOWER, _SPACE)
        return letters, len(letters) >= least or len(" ".join(plain.split())) >= least
    words = plain.casefold().split()
    return "".join(words).encode("utf-8", "surrogatepass"), len(" ".join(words)) >= least
