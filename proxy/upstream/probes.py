"""Questions to targets that hold nobody's text: which models are there or loaded, which version of Ollama it is."""

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
from proxy.upstream.egress import NO_TEXT, Egress, NoText
from proxy.upstream.faults import translated
from proxy.upstream.fleet import Member
from routing_rules import Labels, Target

TIMEOUT_S = 10.0
MAX_LIST = 2**24  # bytes of a list of models
MAX_VERSION = 2**12  # bytes of an answer that tells a version


class Model(msgspec.Struct, frozen=True):
    """A model as a target lists it."""

    id: str
    created: int = 0
    owned_by: str = ""


class _List(msgspec.Struct):
    data: list[dict[str, Any]] | None = None


class _LoadedModel(msgspec.Struct):
    name: str


class _Loaded(msgspec.Struct):
    models: list[_LoadedModel] | None = None


class _Version(msgspec.Struct):
    version: str


async def list_models(egress: Egress, member: Member) -> list[Model]:
    """Ask a target for its models. Raises UpstreamError.

    Where its configuration already says all of them (a map, or a URL with the model in it), nobody is asked.
    """
    named = _named(member)
    if named is not None:
        return named
    response, body = await _asked(egress, member, member.destination.get("/models"), MAX_LIST)
    if not httpx.codes.is_success(response.status_code):
        raise failure_from(response.status_code, response.headers, body, "")
    return _read(body)


async def ask_version(egress: Egress, member: Member, labels: Labels | NoText = NO_TEXT) -> str | None:
    """Ask an Ollama for its version; None where the target is none or tells none.

    On the way of a request, `labels` are its own. Raises UpstreamError if it is silent, EgressRefused if it is outside.

    Source: Ollama `server/routes.go`, `GET /api/version`.
    """
    if member.target.kind != "ollama" or MODEL_PLACE in member.target.url:
        return None
    response, body = await _asked(egress, member, member.destination.get_native("/api/version", labels), MAX_VERSION)
    try:
        return (
            msgspec.json.decode(body, type=_Version).version if httpx.codes.is_success(response.status_code) else None
        )
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


async def list_loaded(egress: Egress, member: Member) -> frozenset[str] | None:
    """Ask an Ollama which models are in its memory; None where it is none or does not tell. Raises UpstreamError.

    Source: Ollama `server/routes.go` (PsHandler), `api/types.go` (ProcessResponse): names are there with their tags.
    """
    if not can_tell_loaded(member.target):
        return None
    response, body = await _asked(egress, member, member.destination.get_native("/api/ps"), MAX_LIST)
    try:
        if httpx.codes.is_success(response.status_code):
            return frozenset(one.name for one in msgspec.json.decode(body, type=_Loaded).models or ())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    return None


def can_tell_loaded(target: Target) -> bool:
    """Say whether a target is of a kind that tells what it has loaded."""
    return target.kind == "ollama" and MODEL_PLACE not in target.url


async def _asked(egress: Egress, member: Member, request: httpx.Request, limit: int) -> tuple[httpx.Response, bytes]:
    with translated(member.name):
        async with asyncio.timeout(TIMEOUT_S):
            response = await egress.send(request, member.target)
            try:
                return response, await read_all(pieces_of(response), limit)
            finally:
                await response.aclose()


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
