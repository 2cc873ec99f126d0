from __future__ import annotations

import ipaddress

import pytest

from routing_rules.fences import DEFAULT_FENCE, read_address, read_fence


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("fe80::1%eth0", "fe80::1"),
        ("localhost", None),
        ("10.0.0.256", None),
    ],
)
def test_an_address_is_read_and_a_name_is_not(host: str, address: str | None) -> None:
    assert read_address(host) == (ipaddress.ip_address(address) if address else None)


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        *(("127.9.9.9", True), ("10.0.0.1", True), ("fd00::1", True), ("8.8.8.8", False), ("2001:db8::1", False)),
        *(("169.254.169.254", False), ("fe80::1", False)),
    ],
)
def test_without_entries_private_addresses_lie_inside_and_public_ones_never(address: str, inside: bool) -> None:
    assert DEFAULT_FENCE.permits("any.example", ipaddress.ip_address(address)) is inside


@pytest.mark.parametrize(
    ("host", "address", "inside"),
    [
        ("gpu.internal", "10.1.1.1", True),
        ("gpu.internal", "8.8.8.8", False),  # DNS that answers a public address opens nothing
        ("gpu.example", "10.1.1.1", False),  # private, but neither its name nor its network is there
        ("gpu.example", "192.0.2.7", True),
        ("metadata.internal", "169.254.169.254", False),
    ],
)
def test_a_pattern_allows_a_name_whose_address_is_private_and_a_network_any_name(
    host: str, address: str, inside: bool
) -> None:
    fence = read_fence(["*.internal", "192.0.2.0/24"])
    assert fence.permits(host, ipaddress.ip_address(address)) is inside


def test_an_empty_fence_lets_nothing_through() -> None:
    assert not read_fence([]).permits("localhost", ipaddress.ip_address("127.0.0.1"))
