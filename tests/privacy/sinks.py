"""Fake upstreams on real sockets of this machine, which keep every byte that they are given.

On Linux all of 127.0.0.0/8 is loopback, so each sink has an address of its own and a boundary can tell them apart. All
listen on one port, so a name whose address changes leads from one to the next. `0.0.0.0` connects to 127.0.0.1, and is
the one address here that is neither loopback nor private by its number: it stands for a public one.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Literal, Self, cast

PUBLIC = "0.0.0.0"
SINKS = ("127.0.0.2", "127.0.0.3", "127.7.0.1", "127.9.0.1", PUBLIC)
DEAD = "127.0.0.9"  # nobody ever listens here
ENVIRONMENT_PROXY = "127.66.0.1"  # where HTTP_PROXY and its kin point
_LISTENS_ON = {PUBLIC: "127.0.0.1"}
_TRIES = 50


@dataclass(frozen=True)
class Segment:
    """The bytes of one request as they came, or of what came of one that never ended; and where they came."""

    address: str
    data: bytes

    @property
    def method(self) -> str:
        """The first word of the request line."""
        return self.data.partition(b" ")[0].decode("latin-1")

    @property
    def path(self) -> str:
        """The target of the request line; empty where the bytes are no request."""
        words = self.data.partition(b"\r\n")[0].split(b" ")
        return words[1].decode("latin-1") if len(words) > 1 else ""

    @property
    def body(self) -> bytes:
        """What comes after the head."""
        return self.data.partition(b"\r\n\r\n")[2]


@dataclass(frozen=True)
class Reply:
    """What a sink does about a request: bytes, after a while or at once, and what becomes of the connection."""

    data: bytes = b""
    then: Literal["keep", "close", "reset"] = "keep"
    after_s: float = 0.0


Answer = Callable[[Segment], Reply]


@dataclass
class Sinks:
    """Sinks at some of the addresses, open for one case. `answer` decides what each says."""

    addresses: Iterable[str]
    answer: Answer
    port: int = 0
    segments: list[Segment] = field(default_factory=list)
    reused: int = 0
    _servers: list[asyncio.Server] = field(default_factory=list)
    _connections: list[_Connection] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        listening = _listen([*self.addresses, ENVIRONMENT_PROXY])
        self.port = next(iter(listening.values())).getsockname()[1]
        loop = asyncio.get_running_loop()
        for address, sock in listening.items():
            self._servers.append(await loop.create_server(partial(self._connection, address), sock=sock))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.close()
        for connection in self._connections:
            connection.abort()
        await asyncio.gather(*(connection.gone for connection in self._connections))
        for server in self._servers:
            await server.wait_closed()

    def _connection(self, address: str) -> _Connection:
        connection = _Connection(self, address)
        self._connections.append(connection)
        return connection


class _Connection(asyncio.Protocol):
    def __init__(self, sinks: Sinks, address: str) -> None:
        self._sinks, self._address = sinks, address
        self._held = b""
        self._requests = 0
        self._transport: asyncio.Transport
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (size := _size(self._held)) is not None:
            segment, self._held = Segment(self._address, self._held[:size]), self._held[size:]
            self._sinks.segments.append(segment)
            self._requests += 1
            self._sinks.reused += self._requests == 2
            reply = self._sinks.answer(segment)
            if reply.after_s:
                asyncio.get_running_loop().call_later(reply.after_s, self._say, reply)
            else:
                self._say(reply)

    def connection_lost(self, _: Exception | None) -> None:
        if self._held:
            self._sinks.segments.append(Segment(self._address, self._held))
        self.gone.set_result(None)

    def abort(self) -> None:
        self._transport.abort()

    def _say(self, reply: Reply) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(reply.data)
        if reply.then == "close":
            self._transport.close()
        elif reply.then == "reset":
            self._transport.abort()


def _size(held: bytes) -> int | None:
    """The length of the request that stands first, or None while it is not whole."""
    head, end, rest = held.partition(b"\r\n\r\n")
    if not end:
        return None
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
    length = int(fields.get(b"content-length", b"0"))
    return len(head) + len(end) + length if len(rest) >= length else None


def _listen(addresses: Iterable[str]) -> dict[str, socket.socket]:
    """Bind all the addresses to one port, whichever is free on all of them."""
    for _ in range(_TRIES):
        sockets: dict[str, socket.socket] = {}
        try:
            port = 0
            for address in addresses:
                sockets[address] = sock = socket.socket()
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind((_LISTENS_ON.get(address, address), port))
                port = sock.getsockname()[1]
        except OSError:
            for sock in sockets.values():
                sock.close()
        else:
            return sockets
    raise OSError("no port is free on all addresses")
