"""The fast transport: HTTP/1.1 to upstreams on asyncio and httptools, behind `httpx.AsyncBaseTransport`.

It is strict about what it reads, gives a connection back only after a complete answer, holds an upstream back when the
reader is slow, and knows the address it talks to before the first byte. No environment variable has a say in where
bytes go: `HTTP_PROXY` and its kin are a client's affair in httpx, and there is no client here.
"""

from proxy.upstream.transport.pool import Transport
from proxy.upstream.transport.resolving import ALLOWED, Allowed, NotAllowedError

__all__ = ["ALLOWED", "Allowed", "NotAllowedError", "Transport"]
