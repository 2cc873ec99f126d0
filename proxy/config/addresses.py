"""Hosts and addresses: which are this machine, which are private, which may stand in a boundary."""

from __future__ import annotations

import ipaddress
import re

from routing_rules.fences import PRIVATE_NETWORKS, read_address

_NAME = re.compile(r"[A-Za-z0-9_*?-]+(?:\.[A-Za-z0-9_*?-]+)*")


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach a listener on this host."""
    address = read_address(host)
    return address.is_loopback if address else _is_localhost(host)


def is_private(host: str) -> bool:
    """Say whether a host is surely loopback or of a private network; a name other than localhost is not."""
    address = read_address(host)
    if address is None:
        return _is_localhost(host)
    return any(address.version == network.version and address in network for network in PRIVATE_NETWORKS)


def is_boundary(entry: str) -> bool:
    """Say whether an entry of `[boundary]` can be read: a network, an address, or a host pattern."""
    try:
        ipaddress.ip_network(entry, strict=False)
    except ValueError:
        # A name that ends in a number is a mistyped address: no host is called so.
        return bool(_NAME.fullmatch(entry)) and not entry.rpartition(".")[2].isdigit()
    return True


def _is_localhost(host: str) -> bool:
    name = host.casefold().rstrip(".")
    return name == "localhost" or name.endswith(".localhost")
