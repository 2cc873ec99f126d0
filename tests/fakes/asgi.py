"""The two sides of an ASGI call, played by a test: what a client sends, and what it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from proxy.endpoints.asgi_types import ASGIApp, Message, Scope

Raw = Iterable[tuple[str, str]]


def scope(
    method: str = "POST", path: str = "/v1/chat/completions", headers: Mapping[str, str] | Raw = (), query: str = ""
) -> Scope:
    """Make the scope of a request, with a Host that may be used and the state that the edge makes."""
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    if not any(name == "host" for name, _ in pairs):
        pairs.insert(0, ("host", "localhost:8000"))
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode("latin-1"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs],
        "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 8000),
        "state": {"wye_id": "wye-1"},
    }


class Client:
    """Sends a body in pieces, and stays until it is told to leave."""

    def __init__(self, *pieces: bytes, leaves: bool = False) -> None:
        self._pieces = list(pieces)
        self._whole = not leaves
        self.left = asyncio.Event()
        self.received = 0
        if leaves:
            self.left.set()

    async def receive(self) -> Message:
        """Give the next piece; after the last one, wait until the client leaves."""
        if self._pieces:
            self.received += 1
            piece = self._pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(self._pieces) or not self._whole}
        await self.left.wait()
        return {"type": "http.disconnect"}


class Sent:
    """What was sent to the client."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def send(self, message: Message) -> None:
        """Take a message."""
        self.messages.append(message)

    @property
    def status(self) -> int:
        """The status, of which there is one."""
        (start,) = [message for message in self.messages if message["type"] == "http.response.start"]
        return int(start["status"])

    @property
    def headers(self) -> dict[str, str]:
        """The headers; a name that comes twice is an error here."""
        pairs = [(name.decode(), value.decode("latin-1")) for name, value in self.messages[0]["headers"]]
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    @property
    def pieces(self) -> list[bytes]:
        """The pieces of the body that hold something."""
        bodies = [message.get("body", b"") for message in self.messages if message["type"] == "http.response.body"]
        return [body for body in bodies if body]

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(self.pieces)

    @property
    def complete(self) -> bool:
        """Whether the answer was ended, once and last."""
        ends: list[Any] = [not message.get("more_body", False) for message in self.messages[1:]]
        return ends.count(True) == 1 and ends[-1]


@asynccontextmanager
async def running(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """Start an application as a server does, and give a client that talks to it without a socket."""
    orders: asyncio.Queue[str] = asyncio.Queue()
    said: asyncio.Queue[str] = asyncio.Queue()

    async def receive() -> Message:
        return {"type": await orders.get()}

    async def send(message: Message) -> None:
        await said.put(message["type"])

    async def live() -> None:
        await app({"type": "lifespan", "state": {}}, receive, send)

    life = asyncio.get_running_loop().create_task(live())
    try:
        await orders.put("lifespan.startup")
        assert await said.get() == "lifespan.startup.complete"
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
            yield client
    finally:
        await orders.put("lifespan.shutdown")
        await life
    assert await said.get() == "lifespan.shutdown.complete"
