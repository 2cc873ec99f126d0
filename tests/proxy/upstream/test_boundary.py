from __future__ import annotations

import pytest

from proxy.upstream.boundary import Boundary
from routing_rules.fences import Fence, read_fence

PRIVATE = frozenset({"private"})
HERE = ["127.0.0.1", "127.9.9.9", "::1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"]
HERE_6 = [
    "fc00::1",
    "fd12:3456::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::FFFF:192.168.0.1",
]
OUT = [
    "8.8.8.8",
    "1.1.1.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.169.0.1",
    "11.0.0.1",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "169.254.1.1",
    "169.254.169.254",
]
OUT_6 = [
    "2001:4860:4860::8888",
    "::ffff:8.8.8.8",
    "::ffff:0:8.8.8.8",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "::",
    "ff02::1",
]
NONE = [
    "",
    "localhost",
    "127.0.0.1.example.com",
    "127.1",
    "0x7f000001",
    "2130706433",
    "127.0.0.1:80",
    "[::1]",
    "/run/x.sock",
]


def permits(table: dict[str, list[str]], labels: str, host: str, address: str) -> bool:
    return Boundary(table).permits(frozenset(labels.split()), host, address)


@pytest.mark.parametrize("address", [*HERE, *HERE_6])
def test_without_a_boundary_a_label_may_go_to_loopback_and_private_addresses(address: str) -> None:
    assert Boundary({}).permits(PRIVATE, "any.example", address)


@pytest.mark.parametrize("address", [*OUT, *OUT_6])
@pytest.mark.parametrize("host", ["any.example", "localhost", "10.0.0.1"])
def test_a_public_address_is_never_implied_whatever_its_name(host: str, address: str) -> None:
    assert not Boundary({}).permits(PRIVATE, host, address)


@pytest.mark.parametrize("address", NONE)
@pytest.mark.parametrize("table", [{}, {"private": ["*"]}, {"private": ["0.0.0.0/0", "::/0"]}])
def test_what_is_no_address_lies_nowhere(table: dict[str, list[str]], address: str) -> None:
    assert not permits(table, "private", "localhost", address)


@pytest.mark.parametrize("address", [*HERE, *HERE_6, *OUT, *OUT_6, *NONE])
def test_a_request_without_labels_may_go_anywhere(address: str) -> None:
    assert Boundary({"private": []}).permits(frozenset(), "any.example", address)


@pytest.mark.parametrize(
    ("entries", "host", "address", "expected"),
    [
        # Networks hold whatever the name is.
        (["10.0.0.0/8"], "x.example", "10.1.2.3", True),
        (["10.0.0.0/8"], "localhost", "127.0.0.1", False),
        (["10.0.0.5"], "x.example", "10.0.0.5", True),
        (["10.0.0.5"], "x.example", "10.0.0.6", False),
        (["10.0.0.7/8"], "x.example", "10.200.0.1", True),
        (["203.0.113.0/24"], "x.example", "203.0.113.9", True),
        (["203.0.113.0/24"], "x.example", "10.0.0.1", False),
        (["2001:db8::/32"], "x.example", "2001:db8::5", True),
        (["::/0"], "x.example", "127.0.0.1", False),
        (["0.0.0.0/0"], "x.example", "::1", False),
        (["10.0.0.0/8"], "x.example", "::ffff:10.1.2.3", True),
        (["127.0.0.0/8"], "x.example", "::ffff:8.8.8.8", False),
        (["fe80::/10"], "x.example", "fe80::5%eth0", True),
        # A host pattern holds for private addresses only: DNS that answers a public one opens nothing.
        (["*.internal"], "ollama.internal", "10.0.0.5", True),
        (["*.internal"], "OLLAMA.INTERNAL", "10.0.0.5", True),
        (["*.internal"], "ollama.internal", "8.8.8.8", False),
        (["*.internal"], "ollama.internal", "2001:4860:4860::8888", False),
        (["*.internal"], "ollama.internal.example.com", "10.0.0.5", False),
        (["*.internal"], "internal", "10.0.0.5", False),
        (["*"], "x.example", "10.0.0.5", True),
        (["*"], "x.example", "8.8.8.8", False),
        (["localhost"], "localhost", "127.0.0.1", True),
        (["localhost"], "127.0.0.1", "127.0.0.1", False),
        # … or for an address in a network beside it.
        (["*.internal", "203.0.113.0/24"], "ollama.internal", "203.0.113.9", True),
        (["*.internal", "203.0.113.0/24"], "other.example", "203.0.113.9", True),
        (["*.internal", "203.0.113.0/24"], "ollama.internal", "198.51.100.9", False),
        # A boundary without entries has nothing inside.
        ([], "localhost", "127.0.0.1", False),
    ],
)
def test_a_boundary_is_what_its_entries_say(entries: list[str], host: str, address: str, expected: bool) -> None:
    assert permits({"private": entries}, "private", host, address) is expected


@pytest.mark.parametrize(
    ("labels", "address", "expected"),
    [
        ("here", "127.0.0.1", True),
        ("far", "127.0.0.1", False),
        ("far", "10.0.0.1", True),
        ("here far", "127.0.0.1", False),
        ("here far", "10.0.0.1", False),
        ("unknown", "127.0.0.1", True),
        ("unknown far", "10.0.0.1", True),
        ("unknown far", "8.8.8.8", False),
        ("world", "8.8.8.8", True),
        ("world unknown", "8.8.8.8", False),
    ],
)
def test_every_label_must_permit_it(labels: str, address: str, expected: bool) -> None:
    table = {"here": ["127.0.0.0/8"], "far": ["10.0.0.0/8"], "world": ["0.0.0.0/0"]}
    assert permits(table, labels, "x.example", address) is expected


def test_entries_are_networks_or_names() -> None:
    fence = read_fence(["10.0.0.0/8", "::1", "*.internal", "localhost"])
    assert [str(network) for network in fence.networks] == ["10.0.0.0/8", "::1/128"]
    assert fence.hosts == ("*.internal", "localhost")
    assert read_fence([]) == Fence()
