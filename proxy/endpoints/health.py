"""`/healthz`: the process answers. `/readyz`: at least one target can be reached; which ones; what keeps rules out."""

from __future__ import annotations

from typing import Literal

import msgspec
from litestar import Response, route
from litestar.handlers import HTTPRouteHandler

from proxy.reload.generations import Generations
from proxy.reload.loaded import Refusal
from routing_rules import TargetState


class TargetHealth(msgspec.Struct, omit_defaults=True):
    """What is known of one target."""

    state: Literal["up", "down", "unknown"]
    why: str | None = None


class Readiness(msgspec.Struct, omit_defaults=True):
    """The answer of `/readyz`. `refused` is why a newer file is not in force; the rules before it serve."""

    status: Literal["ready", "not ready"]
    targets: dict[str, TargetHealth]
    refused: Refusal | None = None


def health_handlers(generations: Generations) -> list[HTTPRouteHandler]:
    """Make the handlers for probes of an orchestrator."""

    @route("/healthz", http_method=["GET", "HEAD"])
    async def healthz() -> Response[bytes]:
        return Response(b'{"status":"ok"}', media_type="application/json")

    @route("/readyz", http_method=["GET", "HEAD"])
    async def readyz() -> Response[bytes]:
        with generations.lease() as generation:
            await generation.catalogue.first_round()
            targets = {name: target_health(state) for name, state in generation.fleet.states.items()}
        ready = any(health.state != "down" for health in targets.values())
        body = msgspec.json.encode(Readiness("ready" if ready else "not ready", targets, generations.refused))
        return Response(body, status_code=200 if ready else 503, media_type="application/json")

    return [healthz, readyz]


def target_health(state: TargetState) -> TargetHealth:
    """Say whether a target is up, as far as anybody knows."""
    if state.down is not None:
        return TargetHealth("down", state.down)
    return TargetHealth("up" if state.healthy else "unknown")
