"""Labels of earlier exchanges, recalled for a request and remembered for the next."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import chain, islice
from typing import Any

from proxy.sticky.fingerprints import Caller, Conversation, Normalise
from proxy.sticky.leaves import every_text
from proxy.sticky.table import Table
from proxy.sticky.transcript import Transcript
from proxy.sticky.turns import Turn, turns_of
from proxy.sticky.undecided import Place, Undecided
from routing_rules import Labelled, Labels

KEEP_S = 24 * 3600.0
KEY_BYTES = 32
MOST = 65_536  # fingerprints of one exchange, half a table: some megabytes of text


class Memory:
    """What lasts as long as a wye. Its processes share the table, and the key that it is written under.

    No disk ever sees the key. `undecided` is each process's own.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.key = secrets.token_bytes(KEY_BYTES)
        self.undecided = Undecided()


class Stickiness:
    """Recalls the labels of what a caller said before, and remembers what is labelled now. Safe in any thread."""

    def __init__(
        self, memory: Memory, normalise: Normalise, keep_s: float = KEEP_S, now: Callable[[], float] = time.time
    ) -> None:
        """Use a memory. `normalise` is how detectors read a text; `now` is a wall clock, which processes share."""
        self._table = memory.table
        self._key = memory.key
        self._undecided = memory.undecided
        self._normalise = normalise
        self._keep_s = keep_s
        self._now = now

    def enter(self, caller: str) -> AbstractContextManager[Place]:
        """Take a place behind this caller's requests that are undecided; leave it when this one is remembered."""
        return self._undecided.enter(caller)

    def knows(self, caller: str) -> bool:
        """Say whether anything labelled is remembered of a caller."""
        return self._table.latest(self._caller(caller).owner) > self._now()

    def recall(self, caller: str, document: Mapping[str, Any]) -> Labelled:
        """Return the labels that a request inherits, because it contains what an earlier one of this caller said.

        Every text of the body is looked for, wherever it stands. A caller that has nothing labelled costs one hash.
        """
        now, inherited = self._now(), Labelled()
        own = self._caller(caller)
        if self._table.latest(own.owner) <= now:
            return inherited
        for label in sorted(self._table.labels(own.anything, now)):
            inherited = inherited.with_label(label, f"more was said under the label {label} than can be told apart")
        found: set[str] = set()
        for fingerprint in chain(own.known_alone(every_text(document)), _runs(own, document)):
            found |= self._table.labels(fingerprint, now)
        for label in sorted(found - inherited.labels):
            inherited = inherited.with_label(label, f"contains a message of an earlier request labelled {label}")
        return inherited

    def remember(self, caller: str, document: Mapping[str, Any], labels: Labels) -> Transcript | None:
        """Remember what a request says under its labels, for every request from now on.

        The transcript that is returned wants the answer's bytes. Without labels nothing is kept, and there is none.
        """
        if not labels:
            return None
        conversation = Conversation(self._caller(caller))
        self._add(conversation, turns_of(document), labels)
        return Transcript(lambda replies, whole: self._remember_replies(conversation, replies, whole, labels))

    def _remember_replies(self, conversation: Conversation, replies: list[Turn], whole: bool, labels: Labels) -> None:
        """Remember each choice as what the conversation may go on with."""
        for reply in replies:
            self._add(conversation.copy(), [reply], labels)
        if not whole:
            self._put([conversation.caller.anything], labels)

    def _add(self, conversation: Conversation, turns: list[Turn], labels: Labels) -> None:
        """Go on with a conversation; remember what is long in it, and the run of messages up to its end."""
        caller = conversation.caller
        for turn in turns:
            conversation.add(turn)
        if (run := conversation.run()) is not None:
            self._put([run], labels)
        alone = (caller.known_alone(turn.pieces, of_reply=turn.is_reply, quotes=not turn.is_cut) for turn in turns)
        fingerprints = chain.from_iterable(alone)
        self._put(islice(fingerprints, MOST), labels)
        if next(fingerprints, None) is not None:
            self._put([caller.anything], labels)

    def _put(self, fingerprints: Iterable[bytes], labels: Labels) -> None:
        now = self._now()
        for fingerprint in fingerprints:
            self._table.put(fingerprint, labels, now + self._keep_s, now)

    def _caller(self, name: str) -> Caller:
        return Caller(self._key, name, self._normalise)


def _runs(caller: Caller, document: Mapping[str, Any]) -> Iterator[bytes]:
    """Give the fingerprints of a conversation as it was after each of its messages."""
    conversation = Conversation(caller)
    for turn in turns_of(document):
        conversation.add(turn)
        if (run := conversation.run()) is not None:
            yield run
