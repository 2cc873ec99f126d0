"""The composition root: a configuration in, an ASGI application out. The only file that knows all parts."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import cast

from litestar import Litestar
from litestar.exceptions import HTTPException

from proxy.catalogue.catalogue import Catalogue, Listing
from proxy.config.schema import Config
from proxy.endpoints.asgi_types import ASGIApp
from proxy.endpoints.chat import chat_handler
from proxy.endpoints.edge import Edge
from proxy.endpoints.failures import fault_handler, on_http_error, on_proxy_error
from proxy.endpoints.health import health_handlers
from proxy.endpoints.models import models_handlers
from proxy.errors import ProxyError, UpstreamAnswered, UpstreamError
from proxy.pipeline.exchange import Exchange
from proxy.tasks import Tasks
from proxy.telemetry.events import CatalogueFailed, Emit
from proxy.telemetry.logs import log_event
from proxy.upstream.boundary import Boundary
from proxy.upstream.egress import Egress
from proxy.upstream.failover import Failover
from proxy.upstream.fleet import Fleet
from proxy.upstream.probes import list_models
from proxy.version import AGENT
from routing_rules import compile_rules


def build(config: Config, keys: Mapping[str, str], via: str, emit: Emit = log_event) -> ASGIApp:
    """Build the application. `keys` are the targets' resolved secrets; `via` is this wye's name in `Via` headers."""
    rulebook = compile_rules(config.rules)
    fleet = Fleet(config.target, keys, AGENT, via)
    egress = Egress(Boundary(config.boundary))
    tasks = Tasks()
    limits = {name: target.models for name, target in config.target.items()}
    catalogue = Catalogue(limits, config.alias, _AskTarget(fleet, egress, emit))
    failover = Failover(fleet, egress, emit)
    exchange = Exchange(rulebook, fleet, catalogue, failover, tasks, emit, config.server.grace)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        tasks.start(catalogue.run())
        # What start-up has made stays for good: the collector need never look at it again.
        gc.freeze()
        try:
            yield
        finally:
            await tasks.aclose()
            await egress.aclose()

    app = Litestar(
        route_handlers=[
            chat_handler(exchange, tasks, config.server.max_body, config.server.keep_alive),
            *models_handlers(catalogue),
            *health_handlers(fleet, catalogue),
        ],
        exception_handlers={ProxyError: on_proxy_error, HTTPException: on_http_error, Exception: fault_handler(emit)},
        lifespan=[lifespan],
        openapi_config=None,
        logging_config=None,
    )
    return Edge(cast(ASGIApp, app), via=via, everywhere=config.server.open, emit=emit)


class _AskTarget:
    """Asks targets for their models, and keeps the fleet's state by what they say."""

    def __init__(self, fleet: Fleet, egress: Egress, emit: Emit) -> None:
        self._fleet = fleet
        self._egress = egress
        self._emit = emit
        self._reasons: dict[str, str] = {}

    async def __call__(self, name: str) -> Listing | None:
        try:
            models = await list_models(self._egress, self._fleet.members[name])
        except UpstreamError as error:
            answered = isinstance(error, UpstreamAnswered)
            # An upstream's own words stay out of the log: some repeat the key that they refuse.
            why = f"it answered {error.status} ({error.failure})" if answered else error.message
            if answered:  # a key without the right to list models can still chat
                self._fleet.answered(name)
            else:
                self._fleet.failed(name, why)
            self._told(name, why)
            return None
        except Exception as error:  # noqa: BLE001 - one target's oddity must not end the asking of all others
            self._told(name, f"asking failed ({type(error).__name__})")
            return None
        self._reasons.pop(name, None)
        self._fleet.listed(name, [model.id for model in models])
        return models

    def _told(self, name: str, why: str) -> None:
        """Say why a list cannot be had, once for each reason."""
        if self._reasons.get(name) != why:
            self._reasons[name] = why
            self._emit(CatalogueFailed(target=name, why=why))
