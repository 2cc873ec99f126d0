"""The doctor's way to the network: the one way out, with a question that holds nobody's text."""

from __future__ import annotations

import asyncio

import httpx

from proxy.doctor.ask import Answer, Kind, Unreachable
from proxy.upstream.boundary import Boundary
from proxy.upstream.egress import LABELS, NO_TEXT, Egress
from proxy.version import AGENT
from routing_rules import Target

MAX_BODY = 2**20


async def ask(method: str, url: str, headers: dict[str, str], body: bytes | None, timeout_s: float) -> Answer:
    """Ask one question of an upstream. Raises Unreachable that says at which step it failed."""
    egress = Egress(Boundary({}))
    sent = {"accept-encoding": "identity", "user-agent": AGENT, **headers}
    try:
        request = httpx.Request(method, url, headers=sent, content=body, extensions={LABELS: NO_TEXT})
        async with asyncio.timeout(timeout_s):
            return await _answer(await egress.send(request, Target(kind="compatible", url=url)))
    except TimeoutError:
        raise Unreachable("no answer came in time", "time") from None
    except (httpx.InvalidURL, UnicodeError):
        raise Unreachable("that is no name that a host can have", "name") from None
    except httpx.RequestError as error:  # of the connection, or of a body whose compression cannot be undone
        raise Unreachable(*_step(error)) from None
    finally:
        await egress.aclose()


async def _answer(response: httpx.Response) -> Answer:
    body = bytearray()
    try:
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) >= MAX_BODY:
                break
    finally:
        await response.aclose()
    address = response.extensions.get("peer")
    return Answer(status=response.status_code, headers=dict(response.headers), body=bytes(body), address=address)


def _step(error: httpx.RequestError) -> tuple[str, Kind]:
    text = str(error)
    if not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return "the connection was broken off", "broken"
    if text.startswith("name resolution"):
        return text.partition(": ")[2] or "the name is not known", "name"
    if "SSL" in text:
        return text, "tls"
    return text or "the connection was refused", "refused"
