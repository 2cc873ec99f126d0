"""The boundaries of all labels, checked against the address that is really connected; see `routing_rules.fences`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from routing_rules import Labels
from routing_rules.fences import DEFAULT_FENCE, read_address, read_fence


class Boundary:
    """The boundaries of all labels."""

    def __init__(self, table: Mapping[str, Iterable[str]]) -> None:
        self._fences = {label: read_fence(entries) for label, entries in table.items()}

    def permits(self, labels: Labels, host: str, address: str) -> bool:
        """Say whether a request that bears these labels may be sent to this address, reached under this name."""
        if not labels:
            return True
        peer = read_address(address)
        return peer is not None and all(self._fences.get(label, DEFAULT_FENCE).permits(host, peer) for label in labels)
