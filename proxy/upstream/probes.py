"""Questions to targets that hold nobody's text: which models are there."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import msgspec

from proxy.errors import BadGateway
from proxy.providers.completion import whole_seconds
from proxy.providers.failures import failure_from
from proxy.upstream.attempt import pieces_of, read_all
from proxy.upstream.destination import MODEL_PLACE
from proxy.upstream.egress import Egress
from proxy.upstream.faults import translated
from proxy.upstream.fleet import Member

TIMEOUT_S = 10.0
MAX_LIST = 2**24  # bytes of a list of models


class Model(msgspec.Struct, frozen=True):
    """A model as a target lists it."""

    id: str
    created: int = 0
    owned_by: str = ""


class _List(msgspec.Struct):
    data: list[dict[str, Any]] | None = None


async def list_models(egress: Egress, member: Member) -> list[Model]:
    """Ask a target for its models. Raises UpstreamError.

    Where its configuration already says all of them (a map, or a URL with the model in it), nobody is asked.
    """
    named = _named(member)
    if named is not None:
        return named
    with translated(member.name):
        async with asyncio.timeout(TIMEOUT_S):
            response = await egress.send(member.destination.get("/models"), member.target)
            try:
                body = await read_all(pieces_of(response), MAX_LIST)
            finally:
                await response.aclose()
    if not httpx.codes.is_success(response.status_code):
        raise failure_from(response.status_code, response.headers, body, "")
    return _read(body)


def _named(member: Member) -> list[Model] | None:
    models = member.target.models
    if isinstance(models, dict):
        return [Model(name, 0, member.name) for name in models]
    if MODEL_PLACE in member.target.url:
        return [Model(name, 0, member.name) for name in models or () if "*" not in name and "?" not in name]
    return None


def _read(body: bytes) -> list[Model]:
    """Read a list; `data: null` is an empty one (Ollama), and a float or missing `created` is no reason to fail."""
    try:
        listed = msgspec.json.decode(body, type=_List)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadGateway("The target's list of models cannot be read.") from None
    return [
        Model(str(entry["id"]), whole_seconds(entry.get("created")), str(entry.get("owned_by") or ""))
        for entry in listed.data or []
        if isinstance(entry.get("id"), str)
    ]
