"""`/healthz`: the process answers. `/readyz`: at least one target can be reached, and which ones."""

from __future__ import annotations

from typing import Literal

import msgspec
from litestar import Response, route
from litestar.handlers import HTTPRouteHandler

from proxy.catalogue.catalogue import Catalogue
from proxy.upstream.fleet import Fleet
from routing_rules import TargetState


class TargetHealth(msgspec.Struct, omit_defaults=True):
    """What is known of one target."""

    state: Literal["up", "down", "unknown"]
    why: str | None = None


class Readiness(msgspec.Struct):
    """The answer of `/readyz`."""

    status: Literal["ready", "not ready"]
    targets: dict[str, TargetHealth]


def health_handlers(fleet: Fleet, catalogue: Catalogue) -> list[HTTPRouteHandler]:
    """Make the handlers for probes of an orchestrator."""

    @route("/healthz", http_method=["GET", "HEAD"])
    async def healthz() -> Response[bytes]:
        return Response(b'{"status":"ok"}', media_type="application/json")

    @route("/readyz", http_method=["GET", "HEAD"])
    async def readyz() -> Response[bytes]:
        await catalogue.first_round()
        targets = {name: target_health(state) for name, state in fleet.states.items()}
        ready = any(health.state != "down" for health in targets.values())
        body = msgspec.json.encode(Readiness("ready" if ready else "not ready", targets))
        return Response(body, status_code=200 if ready else 503, media_type="application/json")

    return [healthz, readyz]


def target_health(state: TargetState) -> TargetHealth:
    """Say whether a target is up, as far as anybody knows."""
    if state.down is not None:
        return TargetHealth("down", state.down)
    return TargetHealth("unknown" if state.models is None else "up")
