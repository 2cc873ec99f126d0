"""Locks of wye, switched off one at a time, so that the property is seen to miss each of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import httpx
import msgspec

from proxy.facts import request_facts
from proxy.pipeline import posing
from proxy.providers import local
from proxy.sticky.stickiness import Stickiness
from proxy.upstream.boundary import Boundary
from proxy.upstream.destination import Destination
from proxy.upstream.egress import Egress
from proxy.upstream.transport import ALLOWED, Transport, pool, resolving
from routing_rules import NO_LABELS, Labelled, RuleBook

_JUDGE, _SEND, _KEPT, _POST, _CONNECT = (
    RuleBook._judge,
    Egress.send,
    Transport._kept,
    Destination.post,
    resolving.connect,
)

Patch = tuple[object, str, Any]


async def _send_without_accepts(self: Egress, request: httpx.Request, target: Any) -> httpx.Response:
    return await _SEND(self, request, msgspec.structs.replace(target, accepts=("*",)))


async def _send_that_follows(self: Egress, request: httpx.Request, target: Any) -> httpx.Response:
    response = await _SEND(self, request, target)
    if not response.has_redirect_location:
        return response
    await response.aclose()
    again = httpx.Request(
        request.method, response.headers["location"], content=request.content, extensions=request.extensions
    )
    return await _SEND(self, again, target)


def _kept_wherever(self: Transport, origin: Any) -> Any:
    token = ALLOWED.set(lambda _: True)
    try:
        return _KEPT(self, origin)
    finally:
        ALLOWED.reset(token)


async def _connect_by_environment(_host: str, port: int) -> Any:
    proxy = httpx.URL(os.environ["HTTP_PROXY"])
    return await _CONNECT(proxy.host, proxy.port or port)


# Each lock by what it does, and how it is switched off.
LOCKS: dict[str, Patch] = {
    "labels stick": (Stickiness, "recall", lambda *_: Labelled()),
    "labels are found by conditions": (RuleBook, "label", lambda _self, _facts, brought: brought),
    "labels are brought by requests": (posing, "brought_labels", lambda *_: Labelled()),
    "secrets are detected": (request_facts, "_DETECTORS", {"secrets": lambda _: False}),
    "candidates are filtered": (
        RuleBook,
        "_judge",
        lambda self, use, asked, _labels, state: _JUDGE(self, use, asked, NO_LABELS, state),
    ),
    "accepts are checked at send": (Egress, "send", _send_without_accepts),
    "addresses are checked": (Boundary, "permits", lambda *_: True),
    "kept connections are checked": (Transport, "_kept", _kept_wherever),
    "labels travel to the send check": (
        Destination,
        "post",
        lambda self, *arguments, **named: _POST(self, *arguments, **{**named, "labels": NO_LABELS}),
    ),
    "Ollama's cloud is closed": (local, "is_cloud", lambda _: False),
    "Ollama is asked for its own models": (local, "kept_local", lambda model: model),
    "redirects are not followed": (Egress, "send", _send_that_follows),
    "the environment has no say": (pool, "connect", _connect_by_environment),
}


@contextmanager
def without(*locks: str) -> Iterator[None]:
    """Switch locks off."""
    with ExitStack() as stack:
        for lock in locks:
            place, name, substitute = LOCKS[lock]
            stack.enter_context(mock.patch.object(place, name, substitute))
        yield
