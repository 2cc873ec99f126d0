"""Labels of earlier exchanges, recalled for a request and remembered for the next."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from proxy.sticky.fingerprints import LONG, LONG_REPLY, Conversation, Normalise
from proxy.sticky.table import Table
from proxy.sticky.transcript import Transcript
from proxy.sticky.turns import Turn, turns_of
from routing_rules import Labelled, Labels

KEEP_S = 24 * 3600.0
KEY_BYTES = 32


class Memory:
    """What the processes of one wye share: the table, and the key that it is written under, which no disk ever sees."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.key = secrets.token_bytes(KEY_BYTES)


class Stickiness:
    """Recalls the labels of what a caller said before, and remembers what is labelled now. Safe in any thread."""

    def __init__(
        self, memory: Memory, normalise: Normalise, keep_s: float = KEEP_S, now: Callable[[], float] = time.time
    ) -> None:
        """Use a memory. `normalise` is how detectors read a text; `now` is a wall clock, which processes share."""
        self._table = memory.table
        self._key = memory.key
        self._normalise = normalise
        self._keep_s = keep_s
        self._now = now

    def recall(self, caller: str, document: Mapping[str, Any]) -> Labelled:
        """Return the labels that a request inherits, because it contains what an earlier one of this caller said."""
        now = self._now()
        if self._table.latest <= now:
            return Labelled()
        conversation, found = self._conversation(caller), set[str]()
        for turn in turns_of(document):
            for fingerprint in conversation.add(turn):
                found.update(self._table.labels(fingerprint, now))
            if (run := conversation.run()) is not None:
                found.update(self._table.labels(run, now))
        inherited = Labelled()
        for label in sorted(found):
            inherited = inherited.with_label(label, f"contains a message of an earlier request labelled {label}")
        return inherited

    def remember(self, caller: str, document: Mapping[str, Any], labels: Labels) -> Transcript | None:
        """Remember what a request says under its labels, for every request from now on.

        The transcript that is returned wants the answer's bytes. Without labels nothing is kept, and there is none.
        """
        if not labels:
            return None
        conversation = self._conversation(caller)
        self._add(conversation, turns_of(document), labels)
        return Transcript(lambda replies: self._remember_replies(conversation, replies, labels))

    def _remember_replies(self, conversation: Conversation, replies: list[Turn], labels: Labels) -> None:
        """Remember each choice as what the conversation may go on with."""
        for reply in replies:
            self._add(conversation.copy(), [reply], labels)

    def _add(self, conversation: Conversation, turns: Iterable[Turn], labels: Labels) -> None:
        """Go on with a conversation; remember what is long in it, and the run of messages up to its end."""
        until = self._now() + self._keep_s
        for turn in turns:
            for fingerprint in conversation.add(turn, LONG_REPLY if turn.is_reply else LONG):
                self._table.put(fingerprint, labels, until)
        if (run := conversation.run()) is not None:
            self._table.put(run, labels, until)

    def _conversation(self, caller: str) -> Conversation:
        return Conversation(self._key, caller, self._normalise)
