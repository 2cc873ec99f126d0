"""Reading a request body into memory, and no further than its limit."""

from __future__ import annotations

import asyncio

from proxy.endpoints.asgi_types import Receive, Scope
from proxy.errors import BadRequest, TooLarge, UnsupportedEncoding

MAX_DIGITS = 20  # of a length; a longer one is a number that Python would not even read
DRAIN_S = 2.0
DRAIN_BYTES = 64 * 2**20


class ClientLeft(Exception):
    """The client closed the connection before its request was complete."""


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """Read the body. Raises TooLarge as soon as it is known to be, ClientLeft where it never ends."""
    headers = dict(scope["headers"])
    encoding = headers.get(b"content-encoding", b"identity").strip().lower()
    if encoding not in {b"", b"identity"}:
        raise UnsupportedEncoding("Compressed request bodies are not read here: send plain JSON.")
    length = headers.get(b"content-length", b"0")
    if not length.isdigit():
        raise BadRequest("The Content-Length header is not a number.")
    if len(length) > MAX_DIGITS or int(length) > limit:
        raise too_large(limit)
    return await _collect(receive, limit)


async def _collect(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        part, more = message.get("body", b""), message.get("more_body", False)
        parts.append(part)
        size += len(part)
        if size > limit:
            raise too_large(limit)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def too_large(limit: int) -> TooLarge:
    """Return the error for a body that is too large."""
    error = TooLarge(f"The request body is larger than {limit:,} bytes ([server] max_body).")
    error.headers["connection"] = "close"
    return error


async def drain(receive: Receive) -> None:
    """Take in some more of a body that was refused: closing on a client that still sends could lose it the answer."""
    left = DRAIN_BYTES
    try:
        async with asyncio.timeout(DRAIN_S):
            while left > 0:
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
                left -= len(message.get("body", b""))
    except TimeoutError:
        return
