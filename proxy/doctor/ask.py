"""How the doctor reaches targets: one question, one answer. Who does the asking is passed in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

import msgspec

Kind = Literal["name", "refused", "tls", "time", "broken"]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: header names in lower case, the first MiB of the body or what came of it in time.

    `address` is the IP address of whoever answered, where it is known.
    """

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""
    address: str | None = None


class Unreachable(Exception):
    """Nobody answered. `kind` says at which step: the name, the connection, TLS, in time, or later."""

    def __init__(self, reason: str, kind: Kind = "broken") -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind: Kind = kind


# Method, URL, headers, body, and how many seconds the whole of it may take. Raises Unreachable.
Ask = Callable[[str, str, dict[str, str], bytes | None, float], Awaitable[Answer]]
