"""The one way out. Read this file to know what can leave, and where to.

Every request to an upstream, on a new or on a pooled connection, passes through `Egress.send`. It reads the labels that
travel with the request, raises if they are missing or if the target does not accept every one of them, and lets the
transport use an address, new or kept, only if it lies inside the boundary. Only this file may use a transport; the
import contract holds that.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final

import httpx

from proxy.errors import EgressRefused
from proxy.upstream.boundary import Boundary
from proxy.upstream.transport import ALLOWED, NotAllowedError, Transport
from routing_rules import Labels, Target


class NoText(Enum):
    """The type of `NO_TEXT`, which a probe carries in place of labels: it holds nothing of anybody's request."""

    NO_TEXT = "no text"


NO_TEXT: Final = NoText.NO_TEXT
LABELS: Final = "wye.labels"  # the request extension that holds the labels


class Egress:
    """Sends requests, or refuses to."""

    def __init__(self, boundary: Boundary, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._boundary = boundary
        self._transport = transport or Transport()

    def within(self, boundary: Boundary) -> Egress:
        """Return a way out over the same connections, but inside another boundary: each use of one is checked anew."""
        return Egress(boundary, self._transport)

    def keep_only(self, places: Iterable[httpx.URL]) -> None:
        """Close idle connections that lead to no place in use."""
        if isinstance(self._transport, Transport):
            self._transport.keep_only(places)

    async def send(self, request: httpx.Request, target: Target) -> httpx.Response:
        """Send a request to a target. Raises EgressRefused before any byte of it has left; else httpx's errors."""
        labels = _labels_of(request)
        if not target.admits(labels):
            raise EgressRefused("The target does not accept every label that this request bears.")
        host = request.url.host
        token = ALLOWED.set(lambda address: self._boundary.permits(labels, host, address))
        try:
            return await self._transport.handle_async_request(request)
        except NotAllowedError:
            raise EgressRefused("The target's address lies outside the boundary of a label on this request.") from None
        finally:
            ALLOWED.reset(token)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._transport.aclose()


def _labels_of(request: httpx.Request) -> Labels:
    labels = request.extensions.get(LABELS)
    if labels is NO_TEXT:
        return frozenset()
    if not isinstance(labels, frozenset):
        raise EgressRefused("A request without labels was about to be sent.")
    return labels
