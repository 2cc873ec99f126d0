"""What one exchange is about: the request as it came, and the record of what becomes of it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from typing import Protocol

import msgspec

from proxy.sticky.transcript import Transcript
from proxy.wire.usage import Usage
from routing_rules import Facts
from routing_rules.trials import Posed

Headers = dict[str, str]


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """A request as the edge took it in. Header names are lower case; `address` is path and query as one text.

    `caller` is who asks, as far as wye can tell callers apart; labels stick to what one caller says.
    """

    id: str
    endpoint: str
    headers: Mapping[str, str]
    body: bytes
    address: str
    caller: str = ""


class StreamBody(Protocol):
    """A body that comes in pieces. Whoever takes it closes it, read or not."""

    def pieces(self) -> AsyncIterator[bytes]:
        """Give the pieces as they come, each of whole events."""

    async def aclose(self) -> None:
        """Free what the body holds."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What goes back to the client, with status 200: a whole body or a stream."""

    headers: Headers
    body: bytes | StreamBody


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a request was decided by: how it was posed, its chance, what rules could look at, and its body's size."""

    posed: Posed
    draw: float
    facts: Facts
    size_bytes: int = 0


class Record(msgspec.Struct, kw_only=True):
    """What is known of an exchange so far; settled exactly once, at its end. A labelled one has a transcript."""

    id: str
    endpoint: str
    stream: bool = False
    rule: str | None = None
    labels: tuple[str, ...] = ()
    target: str | None = None
    model: str | None = None
    attempts: int = 0
    status: int = 200
    code: str | None = None
    usage: Usage | None = None
    seen: Seen | None = None
    transcript: Transcript | None = None
    started: float = msgspec.field(default_factory=time.perf_counter)
    first: float | None = None
