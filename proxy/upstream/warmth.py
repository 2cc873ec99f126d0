"""Which models are loaded where: asked in the background, of those targets only that a rule or an order looks at."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from proxy.errors import ProxyError
from proxy.upstream.egress import Egress
from proxy.upstream.fleet import Fleet
from proxy.upstream.probes import can_tell_loaded, list_loaded

EVERY_S = 5.0
_FAMILY = "warm."


class Warmth:
    """Keeps the fleet's knowledge of loaded models fresh."""

    def __init__(self, fleet: Fleet, egress: Egress, asked: Iterable[str]) -> None:
        """Take the facts that are asked for; those of the kind `warm.TARGET` name the targets."""
        self._fleet = fleet
        self._egress = egress
        named = dict.fromkeys(
            fact.removeprefix(_FAMILY).partition(":")[0] for fact in asked if fact.startswith(_FAMILY)
        )
        self.targets = [name for name in named if name in fleet.members and can_tell_loaded(fleet.members[name].target)]

    async def run(self) -> None:
        """Ask now and then until cancelled; where nobody wants to know, end at once."""
        while self.targets:
            await self.refresh()
            await asyncio.sleep(EVERY_S)

    async def catch_up(self, within_s: float) -> None:
        """Ask all of them once, but not for long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self.refresh()

    async def refresh(self) -> None:
        """Ask all of them once, at the same time."""
        await asyncio.gather(*map(self._ask, self.targets))

    async def _ask(self, name: str) -> None:
        loaded = None
        try:
            loaded = await list_loaded(self._egress, self._fleet.members[name])
        except ProxyError:
            pass  # whether it is down is for others to say; what it has loaded is unknown
        finally:
            self._fleet.told_loaded(name, loaded)
