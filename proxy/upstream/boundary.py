"""Where a label may ever go: host names and networks, checked against the address that is really connected.

Without `[boundary]` for a label, its boundary is loopback and private addresses; a public address is never implied. A
host pattern allows a name, and the address behind it must fit a network of the same label, or be private: DNS that
answers a public address for an internal name opens nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

import msgspec

from proxy.config.addresses import PRIVATE_NETWORKS, Address, read_address
from routing_rules import Labels
from routing_rules.globs import matches

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Fence(msgspec.Struct, frozen=True):
    """The boundary of one label."""

    hosts: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()

    def permits(self, host: str, address: Address) -> bool:
        """Say whether this address, reached under this name, lies inside."""
        if _within(address, self.networks):
            return True
        return any(matches(pattern, host) for pattern in self.hosts) and _within(address, PRIVATE_NETWORKS)


_DEFAULT = Fence(networks=PRIVATE_NETWORKS)


class Boundary:
    """The boundaries of all labels."""

    def __init__(self, table: Mapping[str, Iterable[str]]) -> None:
        self._fences = {label: read_fence(entries) for label, entries in table.items()}

    def permits(self, labels: Labels, host: str, address: str) -> bool:
        """Say whether a request that bears these labels may be sent to this address, reached under this name."""
        if not labels:
            return True
        peer = read_address(address)
        return peer is not None and all(self._fences.get(label, _DEFAULT).permits(host, peer) for label in labels)


def read_fence(entries: Iterable[str]) -> Fence:
    """Sort a label's entries into networks and host patterns."""
    hosts, networks = [], []
    for entry in entries:
        try:
            networks.append(ipaddress.ip_network(entry, strict=False))
        except ValueError:
            hosts.append(entry)
    return Fence(tuple(hosts), tuple(networks))


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
