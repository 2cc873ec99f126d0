"""Fingerprints of what was said: keyed hashes, so that nobody can try texts against a table without its key.

A text's fingerprint is four bytes of its caller and twelve of an HMAC-SHA-256 over caller and text. That of a run of
messages is one over theirs. Spelling that a client changes on the way does not count: width, invisible letters and
look-alikes (`Normalise`), case, and white space.
"""

from __future__ import annotations

import copy
import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator
from typing import Self

from proxy.sticky.coarsening import FINGERPRINT_BYTES, OWNER_BYTES
from proxy.sticky.commons import is_greeting, is_phrase
from proxy.sticky.quotes import quotable
from proxy.sticky.turns import Turn

Normalise = Callable[[str], str]
# Characters, spaces counted once, from which a text alone is nobody else's. Models greet everybody alike ("Hello! How
# can I help you today?"), so of their replies only longer ones are remembered alone; a short one is known by its run.
LONG = 20
LONG_REPLY = 40
SHORTEST_OPENING = 6  # letters of a first message that is a run by itself: one that is asked again
_SPACE = b" \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f"  # ASCII's part of what `str.split` takes for white space
_LOWER = bytes(range(256)).lower()


class Caller:
    """One caller's fingerprints."""

    def __init__(self, key: bytes, name: str, normalise: Normalise) -> None:
        written = name.encode("utf-8", "surrogatepass")
        self._key = key
        self._name = len(written).to_bytes(4, "little") + written
        self._normalise = normalise
        self.owner = self._digest(b"")[:OWNER_BYTES]

    @property
    def anything(self) -> bytes:
        """The fingerprint that stands for whatever this caller says."""
        return self.of(b"")

    def of(self, letters: bytes) -> bytes:
        """Return the fingerprint of a text's letters."""
        return self.owner + self._digest(letters)[: FINGERPRINT_BYTES - OWNER_BYTES]

    def letters(self, text: str) -> bytes:
        """Return a text's letters."""
        return folded(self._normalise(text))[0]

    def known_alone(self, texts: Iterable[str], *, of_reply: bool = False, quotes: bool = True) -> Iterator[bytes]:
        """Give the fingerprints of long texts and of what may be quoted of them, each once.

        Of a reply, what models say to everybody is left out.
        """
        given: set[bytes] = set()
        for text in dict.fromkeys(texts):
            if len(text) < LONG and text.isascii():
                continue
            plain = self._normalise(text)
            letters, long = folded(plain, LONG_REPLY if of_reply else LONG)
            found = quotable(plain.casefold()) if quotes else set()
            for one in (found | {letters}) if long else found:
                if one not in given and not (of_reply and is_phrase(one)):
                    given.add(one)
                    yield self.of(one)

    def _digest(self, letters: bytes) -> bytes:
        return hmac.digest(self._key, self._name + letters, "sha256")


class Conversation:
    """The runs of one caller's messages, taken in order."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self._run = hashlib.sha256()
        self._turns = 0
        self._opens = False

    def copy(self) -> Self:
        """Return a conversation that may go on in another way."""
        other = copy.copy(self)
        other._run = self._run.copy()  # noqa: SLF001 - its own
        return other

    def add(self, turn: Turn) -> None:
        """Take the next message; one that says nothing is none."""
        letters = self.caller.letters(turn.whole)
        if letters:
            self._run.update(self.caller.of(letters))
            self._turns += 1
            self._opens = len(letters) >= SHORTEST_OPENING and not is_greeting(turn.whole.casefold())

    def run(self) -> bytes | None:
        """Return the fingerprint of all messages so far; None before they could be told from another talk's."""
        if self._turns > 1 or (self._turns and self._opens):
            return self.caller.owner + self._run.digest()[: FINGERPRINT_BYTES - OWNER_BYTES]
        return None


def folded(plain: str, least: int = LONG) -> tuple[bytes, bool]:
    """Return a text's letters without case and white space, and say whether the text is that long."""
    if plain.isascii():  # the same as below, in a fifth of the time
        letters = plain.encode().translate(_LOWER, _SPACE)
        return letters, len(letters) >= least or len(" ".join(plain.split())) >= least
    words = plain.casefold().split()
    return "".join(words).encode("utf-8", "surrogatepass"), len(" ".join(words)) >= least
