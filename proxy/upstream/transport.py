"""httpx's own transport, with one thing added: the connected peer is known before the first byte of each request.

A pooled connection was opened for someone else's request, so the peer is looked at whenever bytes of a request are
written, not only when a connection is made. No environment variable has a say: `HTTP_PROXY` and its kin are a client's
affair in httpx, and there is no client here.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any, Protocol

import httpcore
import httpx

KEPT_ALIVE = 128
KEPT_ALIVE_S = 30.0


class PeerCheck(Protocol):
    """Whoever sends a request looks at its peer; raising stops the send."""

    def connected(self, address: str, *, reused: bool) -> None:
        """Learn which address a request is about to be written to."""


CHECK: ContextVar[PeerCheck] = ContextVar("peer check of the request being sent")


class Transport(httpx.AsyncHTTPTransport):
    """A pool of HTTP/1.1 connections that reports its peers. No limit on connections: admission is the gate's."""

    def __init__(self) -> None:
        context = ssl.create_default_context()
        super().__init__(verify=context, trust_env=False)
        # httpx has no argument for a network backend; its pool is the one seam there is.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=None,
            max_keepalive_connections=KEPT_ALIVE,
            keepalive_expiry=KEPT_ALIVE_S,
            network_backend=_Backend(),
        )


class _Backend(httpcore.AnyIOBackend):
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        stream = _Stream(await super().connect_tcp(host, port, timeout, local_address, socket_options))
        try:
            stream.report(reused=False)
        except BaseException:
            await stream.aclose()
            raise
        return stream


class _Stream(httpcore.AsyncNetworkStream):
    """A connection that says where it leads, each time a request begins to be written to it."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self._address = str(inner.get_extra_info("server_addr")[0])
        self._writer: PeerCheck | None = None

    def report(self, *, reused: bool) -> None:
        CHECK.get().connected(self._address, reused=reused)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        check = CHECK.get()
        if check is not self._writer:
            self.report(reused=self._writer is not None)
            self._writer = check
        await self._inner.write(buffer, timeout)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._inner.read(max_bytes, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
