"""The composition root: a configuration in, an ASGI application out. The only file that knows all parts."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import msgspec
from litestar import Litestar
from litestar.exceptions import HTTPException

from proxy.catalogue.catalogue import Catalogue, Listing
from proxy.config.planned import is_offered
from proxy.config.schema import Config
from proxy.endpoints.asgi_types import ASGIApp
from proxy.endpoints.chat import chat_handler
from proxy.endpoints.edge import Edge
from proxy.endpoints.explain import explain_handler
from proxy.endpoints.failures import fault_handler, on_http_error, on_proxy_error
from proxy.endpoints.health import health_handlers
from proxy.endpoints.models import models_handlers
from proxy.errors import ProxyError, UpstreamAnswered, UpstreamError
from proxy.pipeline.decider import Decider
from proxy.pipeline.exchange import Exchange
from proxy.pipeline.hashing import hasher
from proxy.pipeline.spelling import plainly
from proxy.pipeline.verify import poser_of
from proxy.reload.following import follow
from proxy.reload.generation import Generation
from proxy.reload.generations import Generations
from proxy.reload.loaded import Loaded, Verdict
from proxy.sticky.stickiness import Memory, Stickiness
from proxy.sticky.table import Table
from proxy.tasks import Tasks
from proxy.telemetry.events import CatalogueFailed, Emit
from proxy.telemetry.facts_logs import FactsLogs
from proxy.telemetry.logs import log_event, set_up_logging
from proxy.upstream.boundary import Boundary
from proxy.upstream.egress import Egress
from proxy.upstream.failover import Failover
from proxy.upstream.fleet import Fleet
from proxy.upstream.probes import ask_version, list_models
from proxy.upstream.warmth import Warmth
from proxy.version import AGENT
from routing_rules import compile_rules


class Lasting(msgspec.Struct, frozen=True):
    """What outlives every configuration.

    These are tasks, connections, the memory of labels, open logs, this wye's name in `Via` headers, what was said.
    """

    tasks: Tasks
    egress: Egress
    memory: Memory
    facts_logs: FactsLogs
    via: str
    emit: Emit
    told: dict[tuple[str, str], str]


def build(
    loaded: Loaded,
    via: str,
    emit: Emit = log_event,
    verdicts: AsyncIterable[Verdict] | None = None,
    memory: Memory | None = None,
) -> ASGIApp:
    """Build the application. `loaded` is what is in force first; `via` is this wye's name in `Via` headers.

    `verdicts` say from then on which rules are in force. `memory` is what several processes remember labels in
    together; without it this process has its own.
    """
    facts_logs = FactsLogs(emit)
    lasting = Lasting(Tasks(), Egress(Boundary({})), memory or Memory(Table.alone()), facts_logs, via, emit, {})
    generations = Generations(make_generation(loaded, lasting), lasting.tasks, facts_logs)

    def make(loaded: Loaded, before: Generation) -> Generation:
        return make_generation(loaded, lasting, before)

    def applied(before: Config, now: Config) -> None:
        edge.everywhere = now.server.open
        if now.log != before.log:
            set_up_logging(now.log.level, now.log.format)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        generations.start()
        if verdicts is not None:
            lasting.tasks.start(follow(verdicts, generations, make, applied, emit))
        # What start-up has made stays for good: the collector need never look at it again.
        gc.freeze()
        try:
            yield
        finally:
            await lasting.tasks.aclose()
            await lasting.egress.aclose()
            facts_logs.close()

    app = Litestar(
        route_handlers=[
            chat_handler(generations, lasting.tasks),
            explain_handler(generations),
            *models_handlers(generations),
            *health_handlers(generations),
        ],
        exception_handlers={ProxyError: on_proxy_error, HTTPException: on_http_error, Exception: fault_handler(emit)},
        lifespan=[lifespan],
        openapi_config=None,
        logging_config=None,
    )
    edge = Edge(cast(ASGIApp, app), via=via, everywhere=loaded.config.server.open, emit=emit)
    return edge


def make_generation(loaded: Loaded, lasting: Lasting, before: Generation | None = None) -> Generation:
    """Build what a configuration needs, beside the generation before it, whose knowledge of the targets lives on."""
    config, emit = loaded.config, lasting.emit
    rulebook = compile_rules(config.rules, is_offered).recorded(config.facts_log.fields)
    fleet = Fleet(config.target, loaded.keys, AGENT, lasting.via)
    egress = lasting.egress.within(Boundary(config.boundary))
    limits = {name: target.models for name, target in config.target.items()}
    catalogue = Catalogue(limits, config.alias, _AskTarget(fleet, egress, emit, lasting.told))
    if before is not None:
        catalogue.take_over(before.catalogue, fleet.take_over(before.fleet))
    failover = Failover(fleet, egress, emit)
    stickiness = Stickiness(lasting.memory, plainly)
    keyed = hasher(loaded.hash_key or lasting.memory.key)
    poser = poser_of(config, rulebook)
    decider = Decider(rulebook, poser, stickiness, fleet, catalogue, keyed)
    warmth = Warmth(fleet, egress, (*rulebook.facts, *config.facts_log.fields))
    facts_log = lasting.facts_logs.open(config.facts_log, rulebook.facts)
    exchange = Exchange(decider, failover, lasting.tasks, emit, config.server.grace, facts_log)
    return Generation(config, fleet, egress, catalogue, exchange, facts_log, warmth, poser.counting)


class _AskTarget:
    """Asks targets for their models, and keeps the fleet's state by what they say."""

    def __init__(
        self, fleet: Fleet, egress: Egress, emit: Emit, told: dict[tuple[str, str], str] | None = None
    ) -> None:
        self._fleet = fleet
        self._egress = egress
        self._emit = emit
        # What was said last of a target at its address: a reload is no reason to say it again.
        self._reasons = told if told is not None else {}

    async def __call__(self, name: str) -> Listing | None:
        try:
            models = await list_models(self._egress, self._fleet.members[name])
            self._fleet.told_version(name, await ask_version(self._egress, self._fleet.members[name]))
        except UpstreamError as error:
            self._fleet.doubted(name)
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
            self._fleet.doubted(name)
            self._told(name, f"asking failed ({type(error).__name__})")
            return None
        self._reasons.pop(self._place(name), None)
        self._fleet.listed(name, [model.id for model in models])
        return models

    def _told(self, name: str, why: str) -> None:
        """Say why a list cannot be had, once for each reason."""
        place = self._place(name)
        if self._reasons.get(place) != why:
            self._reasons[place] = why
            self._emit(CatalogueFailed(target=name, why=why))

    def _place(self, name: str) -> tuple[str, str]:
        return name, self._fleet.members[name].target.url
