import pytest

from proxy.config.addresses import is_boundary, is_loopback, is_private


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost", "LOCALHOST.", "wye.localhost"])
def test_loopback_is_loopback_and_private(host: str) -> None:
    assert is_loopback(host)
    assert is_private(host)


@pytest.mark.parametrize("host", ["10.1.2.3", "172.16.0.1", "192.168.1.5", "fd00::1"])
def test_a_private_address_is_private_and_not_loopback(host: str) -> None:
    assert is_private(host)
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",
        "::",
        "169.254.169.254",
        "fe80::1%eth0",
        "8.8.8.8",
        "2001:db8::1",
        "example.com",
        "ollama",
        "localhost.com",
        "",
    ],
)
def test_anything_else_is_neither(host: str) -> None:
    assert not is_private(host)
    assert not is_loopback(host)


def test_an_address_inside_an_ipv6_address_counts_as_itself() -> None:
    assert is_loopback("::ffff:127.0.0.1")
    assert not is_private("::ffff:8.8.8.8")


@pytest.mark.parametrize(
    "entry", ["10.0.0.0/8", "10.1.2.3/8", "::1", "fd00::/7", "127.0.0.1", "*.internal", "ollama", "gpu-?.lan", "*"]
)
def test_networks_addresses_and_host_patterns_may_stand_in_a_boundary(entry: str) -> None:
    assert is_boundary(entry)


@pytest.mark.parametrize(
    "entry", ["", "10.0.0/8", "10.0.0", "10.0.0.0/33", "http://ollama", "ollama:11434", "a b", "a..b"]
)
def test_anything_else_may_not(entry: str) -> None:
    assert not is_boundary(entry)
