"""The pipeline on a transport without a network: everything but the edge and the sockets is real."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from proxy.catalogue.catalogue import Catalogue
from proxy.pipeline.context import Context
from proxy.pipeline.decider import Decider
from proxy.pipeline.exchange import Exchange
from proxy.pipeline.hashing import hasher
from proxy.pipeline.posing import Poser
from proxy.pipeline.spelling import plainly
from proxy.sticky.stickiness import Memory, Stickiness
from proxy.sticky.table import Table
from proxy.tasks import Tasks
from proxy.telemetry.events import Event, ExchangeSettled
from proxy.upstream.boundary import Boundary
from proxy.upstream.egress import Egress
from proxy.upstream.failover import Failover
from proxy.upstream.fleet import Fleet
from routing_rules import Label, Rule, Target
from tests.fakes.asks import HELLO
from tests.fakes.rule_files import rule_book, target
from tests.fakes.transport import FakeTransport

TARGETS = {
    "local": target("ollama", "http://local/v1", accepts=["*"], model="llama3.2"),
    "cloud": target("openai", "http://cloud/v1", model="gpt-4o"),
    "spare": target(url="http://spare/v1"),
}
RULES = (
    Rule(name="big models go to the cloud", when={"model": "gpt-4o"}, use=("cloud",)),
    Rule(name="everything else", use=("local", "cloud")),
)
LABELS = (Label(add="private", when={"secrets": True}),)


async def _nobody(_: str) -> None:
    return None


class World:
    """An exchange and all that it talks to."""

    def __init__(
        self,
        transport: FakeTransport,
        targets: Mapping[str, Target] = TARGETS,
        rules: tuple[Rule, ...] = RULES,
        *,
        grace_s: float = 60,
        **more: Any,
    ) -> None:
        self.transport = transport
        self.events: list[Event] = []
        self.tasks = Tasks()
        self.fleet = Fleet(targets, {"cloud": "sk-cloud"}, "wye/test", "wye-test")
        self.catalogue = Catalogue({}, (), _nobody)
        failover = Failover(self.fleet, Egress(Boundary({}), transport), self.events.append)
        book = rule_book(targets, rules, LABELS, **more)
        poser = Poser(book, self.fleet.passed_up, "UTC")
        stickiness = Stickiness(Memory(Table.alone(64)), plainly)
        decider = Decider(book, poser, stickiness, self.fleet, self.catalogue, hasher(b"key"))
        self.exchange = Exchange(decider, failover, self.tasks, self.events.append, grace_s)

    async def begin(self) -> None:
        """Have the catalogue's first round behind it, as a server that runs has."""
        await self.catalogue.refresh()

    @property
    def settled(self) -> ExchangeSettled:
        """The one event that an exchange ends with."""
        (event,) = [event for event in self.events if isinstance(event, ExchangeSettled)]
        return event


def context(headers: Mapping[str, str] | None = None, **fields: Any) -> Context:
    """Take in a request with these fields; by default it says hello."""
    body = msgspec.json.encode({"messages": HELLO, **fields})
    return Context(id="wye-1", endpoint="chat", headers=headers or {}, body=body, address="/v1/chat/completions?")
