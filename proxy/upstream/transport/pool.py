"""The transport: connections by origin, kept while they are good, and httpx's requests and responses on top."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterable
from functools import cached_property

import httpx

from proxy.upstream.transport.connection import Connection
from proxy.upstream.transport.resolving import ALLOWED, connect

KEPT = 128  # idle connections that are kept for one origin
KEPT_S = 30.0  # seconds that an idle connection is kept; servers close theirs after 60 and more

Origin = tuple[str, str, int]


class Transport(httpx.AsyncBaseTransport):
    """A pool of connections. How many may be open at once is the gate's to say, not the pool's."""

    def __init__(self) -> None:
        self._idle: defaultdict[Origin, deque[Connection]] = defaultdict(deque)
        self._open: set[Connection] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; return when its answer's head has come. Raises httpx.TransportError, NotAllowedError.

        A kept connection that its server closed under us before a byte came back is no fault of anybody: once more.
        """
        origin, head = _origin(request.url), _head(request)
        kept = self._kept(origin)
        if kept is not None:
            try:
                return await self._exchange(kept, origin, request, head)
            except httpx.TransportError:
                if kept.touched:
                    raise
        return await self._exchange(await self._connected(origin, request), origin, request, head)

    async def _exchange(
        self, connection: Connection, origin: Origin, request: httpx.Request, head: bytes
    ) -> httpx.Response:
        connection.begin()
        try:
            body = request.content
            await connection.send(head, body)
            status, headers = await connection.head()
        except BaseException:
            self._drop(connection)
            raise
        return httpx.Response(
            status,
            headers=headers,
            stream=_Body(self, connection, origin),
            extensions={"peer": connection.address},
            request=request,
        )

    def _kept(self, origin: Origin) -> Connection | None:
        """Take an idle connection that is still good and leads where this request may go."""
        idle, allowed, now = self._idle[origin], ALLOWED.get(), asyncio.get_running_loop().time()
        for _ in range(len(idle)):
            connection = idle.pop()
            if not connection.is_open or now - connection.idle_since > KEPT_S:
                self._drop(connection)
            elif allowed(connection.address):
                return connection
            else:
                idle.appendleft(connection)
        return None

    async def _connected(self, origin: Origin, request: httpx.Request) -> Connection:
        scheme, host, port = origin
        timeout = request.extensions.get("timeout", {}).get("connect")
        try:
            async with asyncio.timeout(timeout):
                sock, address = await connect(host, port)
                connection = Connection(address)
                try:
                    await asyncio.get_running_loop().create_connection(
                        lambda: connection,
                        sock=sock,
                        ssl=self._tls if scheme == "https" else None,
                        server_hostname=host if scheme == "https" else None,
                    )
                except BaseException:
                    sock.close()
                    raise
        except TimeoutError:
            raise httpx.ConnectTimeout("connecting took too long") from None
        except OSError as error:  # ssl.SSLError is one
            raise httpx.ConnectError(f"{type(error).__name__}: {error}") from error
        self._open.add(connection)
        return connection

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Verification as strict as the standard library has it; made when the first https target is used."""
        return ssl.create_default_context()

    def give_back(self, connection: Connection, origin: Origin) -> None:
        """Keep a connection whose answer was read to its end; close any other."""
        idle = self._idle[origin]
        if connection.is_reusable and len(idle) < KEPT:
            connection.rest(asyncio.get_running_loop().time())
            idle.append(connection)
            self._sweep(idle)
        else:
            self._drop(connection)

    def _sweep(self, idle: deque[Connection]) -> None:
        """Close those that have been idle for too long: the oldest stand at the left."""
        now = asyncio.get_running_loop().time()
        while idle and (not idle[0].is_open or now - idle[0].idle_since > KEPT_S):
            self._drop(idle.popleft())

    def keep_only(self, places: Iterable[httpx.URL]) -> None:
        """Close the idle connections that are too old or lead to none of these places."""
        origins = set(map(_origin, places))
        for origin, idle in list(self._idle.items()):
            self._sweep(idle)
            while idle and origin not in origins:
                self._drop(idle.pop())
            if not idle:
                del self._idle[origin]

    def _drop(self, connection: Connection) -> None:
        self._open.discard(connection)
        connection.abort()

    async def aclose(self) -> None:
        """Close every connection."""
        for connection in list(self._open):
            self._drop(connection)
        self._idle.clear()


class _Body(httpx.AsyncByteStream):
    """An answer's body; closing it gives the connection back, or closes it if something is left unread."""

    def __init__(self, pool: Transport, connection: Connection, origin: Origin) -> None:
        self._pool = pool
        self._connection: Connection | None = connection
        self._origin = origin

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._connection is not None:
            async for piece in self._connection.body():
                yield piece

    async def aclose(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            self._pool.give_back(connection, self._origin)


def _origin(url: httpx.URL) -> Origin:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def _head(request: httpx.Request) -> bytes:
    """Write the request's head; httpx has set Host and Content-Length. Raises httpx.LocalProtocolError."""
    lines = [f"{request.method} ".encode() + request.url.raw_path + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in request.headers.raw]
    head = b"\r\n".join(lines) + b"\r\n\r\n"
    if not head.count(b"\r") == head.count(b"\n") == len(lines) + 1:
        raise httpx.LocalProtocolError("a header field holds a line break")
    return head
