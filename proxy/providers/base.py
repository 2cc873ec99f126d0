"""What every provider does: bytes to send, bytes that came back, no sockets.

A provider turns a chat request into the upstream's body, an upstream's answer into OpenAI's, a stream's events one by
one, and a failure into an error in OpenAI's shape. What it had to leave out it says in `Prepared.dropped`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from proxy.errors import UpstreamError
from proxy.wire.chat import ChatRequest
from proxy.wire.sse import Frame
from proxy.wire.usage import Usage
from routing_rules import Labels, Rewrite


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One request for one candidate: what the client sent, the model to ask for, how the rule rewrites it.

    `version` is what the target says it is, None where it says nothing or nobody needs to know.
    """

    request: ChatRequest
    model: str
    rewrite: Rewrite
    labels: Labels
    strict: bool = False
    version: str | None = None


class Prepared(msgspec.Struct, frozen=True):
    """A body that is ready to send, and the fields that the upstream could not have honoured."""

    body: bytes
    dropped: tuple[str, ...] = ()


class Answer(msgspec.Struct, frozen=True):
    """A whole answer, ready for the client."""

    body: bytes
    usage: Usage | None


class Chunk(msgspec.Struct, frozen=True):
    """One event of a stream, ready for the client. `content` says that something was answered, not only begun."""

    payload: bytes
    content: bool


class EventReader(Protocol):
    """Reads the events of one stream, in order."""

    finished: bool  # a finish reason has come
    done: bool  # `[DONE]` has come
    usage: Usage | None

    def read(self, frame: Frame) -> Chunk | None:
        """Take one event; None means that the client gets nothing for it. Raises UpstreamError."""

    def end(self) -> Chunk | None:
        """Check that the stream ended as a whole answer does; give what was kept for last. Raises UpstreamError."""


class Provider(Protocol):
    """One upstream's dialect."""

    def prepare(self, ask: Ask) -> Prepared:
        """Write the body to send. Raises Unsupported for what the upstream cannot do and must not pretend to."""

    def answer(self, body: bytes, ask: Ask) -> Answer:
        """Read a whole answer. Raises BadGateway where it is none."""

    def events(self, ask: Ask) -> EventReader:
        """Begin to read a stream."""

    def failure(self, status: int, headers: Mapping[str, str], body: bytes, ask: Ask) -> UpstreamError:
        """Bring an upstream's error into OpenAI's shape."""
