"""httpx's errors, translated once into ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from proxy.errors import BadGateway, GatewayTimeout, Unreachable


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Raise what goes wrong with the target of this name as an UpstreamError that says so."""
    try:
        yield
    except TimeoutError:
        raise GatewayTimeout(f"The target {name!r} stayed silent for too long.") from None
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise Unreachable(f"The target {name!r} cannot be reached: {_reason(error)}.") from None
    except httpx.TimeoutException:
        raise GatewayTimeout(f"The target {name!r} stayed silent for too long.") from None
    except httpx.DecodingError:
        raise BadGateway(f"The target {name!r} sent a body whose compression cannot be undone.") from None
    except httpx.TransportError:
        raise BadGateway(f"The target {name!r} broke off the connection.") from None


def _reason(error: httpx.TransportError) -> str:
    """Say why in a few words that hold no address: the words of the operating system do."""
    text = str(error).lower()
    known = {
        "name resolution": "its host name is not known",
        "certificate": "its TLS certificate is not accepted",
        "ssl": "TLS failed",
        "refused": "the connection was refused",
        "unreachable": "the network is unreachable",
    }
    slow = "connecting took too long" if isinstance(error, httpx.TimeoutException) else "connecting failed"
    return next((words for mark, words in known.items() if mark in text), slow)
