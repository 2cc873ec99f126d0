"""What one configuration builds: all that answers a request by it, from the first byte to the last."""

from __future__ import annotations

import msgspec

from proxy.catalogue.catalogue import Catalogue
from proxy.config.schema import Config
from proxy.pipeline.counting import Counting
from proxy.pipeline.exchange import Exchange
from proxy.telemetry.facts_log import FactsLog
from proxy.upstream.egress import Egress
from proxy.upstream.fleet import Fleet
from proxy.upstream.warmth import Warmth


class Generation(msgspec.Struct, frozen=True, eq=False, weakref=True):
    """The parts that are built from a configuration and are swapped together."""

    config: Config
    fleet: Fleet
    egress: Egress
    catalogue: Catalogue
    exchange: Exchange
    facts_log: FactsLog | None = None
    warmth: Warmth | None = None
    counting: Counting | None = None
