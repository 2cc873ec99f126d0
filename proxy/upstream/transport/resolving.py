"""From a host name to a connected socket, by way of whoever may forbid the address.

The address is judged before a connection is made to it, so not even a handshake reaches one that is forbidden.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from contextvars import ContextVar

import httpx

Allowed = Callable[[str], bool]
# Whether an address may be given the request that is being sent; set by egress.py around every send.
ALLOWED: ContextVar[Allowed] = ContextVar("whether an address may be given the request being sent")


class NotAllowedError(Exception):
    """Every address behind a name is forbidden for this request."""


async def connect(host: str, port: int) -> tuple[socket.socket, str]:
    """Connect to the first allowed address of a host; return the socket and the address.

    Raises NotAllowedError where no address is allowed, httpx.ConnectError where none answers.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # UnicodeError: a name that DNS cannot spell
        raise httpx.ConnectError(f"name resolution: {getattr(error, 'strerror', None) or 'no such name'}") from error
    allowed = ALLOWED.get()
    places = [(family, place) for family, _, _, _, place in found if allowed(str(place[0]))]
    if not places:
        raise NotAllowedError
    last: OSError | None = None
    for family, place in places:
        try:
            return await _connect(family, place), str(place[0])
        except OSError as error:
            last = error
    raise httpx.ConnectError(os.strerror(last.errno or 0) if last else "no address") from last


async def _connect(family: int, place: tuple[object, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(sock, place)
    except BaseException:
        sock.close()
        raise
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock
