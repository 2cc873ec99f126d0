"""Generations of rules for tests: of a world without a network, or of bare parts."""

from __future__ import annotations

from typing import Any

from proxy.catalogue.catalogue import Catalogue
from proxy.config.schema import Config, Server
from proxy.reload.generation import Generation
from proxy.reload.generations import Generations
from proxy.tasks import Tasks
from proxy.upstream.boundary import Boundary
from proxy.upstream.egress import Egress
from proxy.upstream.fleet import Fleet
from tests.fakes.exchanges import World
from tests.fakes.transport import FakeTransport


def generation_of(world: World, **server: Any) -> Generation:
    """Make a generation of a world's parts; `server` are keys of `[server]`."""
    config = Config(server=Server(**server))
    return Generation(config, world.fleet, Egress(Boundary({}), world.transport), world.catalogue, world.exchange)


def generations_of(world: World, **server: Any) -> Generations:
    """Put a world in force."""
    return Generations(generation_of(world, **server), world.tasks)


def listing(catalogue: Catalogue, fleet: Fleet | None = None) -> Generations:
    """Put a generation in force whose models and targets are these, and that answers nothing."""
    world = World(FakeTransport())
    made = Generation(Config(), fleet or world.fleet, Egress(Boundary({}), world.transport), catalogue, world.exchange)
    return Generations(made, Tasks())
