"""Where a label may ever go: host names and networks, and which addresses are private.

Without `[boundary]` for a label, its boundary is loopback and private addresses; a public or a link-local address is
never implied. A host pattern allows a name, and the address behind it must fit a network of the same label, or be
private: DNS that answers a public address for an internal name opens nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

import msgspec

from routing_rules.globs import matches

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Not the link-local ones (169.254.0.0/16, fe80::/10): there a cloud's metadata service answers, and whoever is plugged
# in beside us. A `[boundary]` may name them.
PRIVATE_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        *("::1/128", "fc00::/7"),
    )
)


class Fence(msgspec.Struct, frozen=True):
    """The boundary of one label."""

    hosts: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()

    def permits(self, host: str, address: Address) -> bool:
        """Say whether this address, reached under this name, lies inside."""
        return _within(address, self.networks) or (self.names(host) and _within(address, PRIVATE_NETWORKS))

    def names(self, host: str) -> bool:
        """Say whether a host pattern allows this name."""
        return any(matches(pattern, host) for pattern in self.hosts)


DEFAULT_FENCE = Fence(networks=PRIVATE_NETWORKS)


def read_fence(entries: Iterable[str]) -> Fence:
    """Sort a label's entries into networks and host patterns."""
    hosts, networks = [], []
    for entry in entries:
        try:
            networks.append(ipaddress.ip_network(entry, strict=False))
        except ValueError:
            hosts.append(entry)
    return Fence(tuple(hosts), tuple(networks))


def read_address(host: str) -> Address | None:
    """Read an IP address, or return None for a name; an IPv4 address inside an IPv6 one counts as itself."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None) or address


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
