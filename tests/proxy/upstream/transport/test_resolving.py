from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from proxy.upstream.transport.resolving import ALLOWED, NotAllowedError, connect

pytestmark = pytest.mark.anyio


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def allow(judge: Callable[[str], bool]) -> None:
    ALLOWED.set(judge)


def resolve(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    async def getaddrinfo(_: str, port: int, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note each address that a connection is begun to."""
    begun: list[str] = []
    loop = asyncio.get_running_loop()
    connecting = loop.sock_connect

    async def sock_connect(sock: socket.socket, place: Any) -> None:
        begun.append(place[0])
        await connecting(sock, place)

    monkeypatch.setattr(loop, "sock_connect", sock_connect)
    return begun


async def test_the_address_that_was_judged_is_the_one_that_is_connected(port: int) -> None:
    allow(lambda address: address == "127.0.0.1")
    sock, address = await connect("127.0.0.1", port)
    with sock:
        assert (address, sock.getpeername()[0]) == ("127.0.0.1", "127.0.0.1")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert not sock.getblocking()


async def test_a_forbidden_address_is_not_even_knocked_at(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    begun = tried(monkeypatch)
    allow(lambda _: False)
    with pytest.raises(NotAllowedError):
        await connect("127.0.0.1", port)
    assert begun == []


async def test_of_several_addresses_the_allowed_are_tried_in_order(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    begun = tried(monkeypatch)
    resolve(monkeypatch, "203.0.113.9", "127.0.0.2", "127.0.0.1")
    allow(lambda address: address.startswith("127."))
    sock, address = await connect("up.example", port)
    sock.close()
    assert (begun, address) == (["127.0.0.2", "127.0.0.1"], "127.0.0.1")


async def test_nobody_listening_is_said_in_the_systems_words_and_no_address(closed_port: int) -> None:
    allow(lambda _: True)
    with pytest.raises(httpx.ConnectError) as caught:
        await connect("127.0.0.1", closed_port)
    assert "refused" in str(caught.value).lower()
    assert "127.0.0.1" not in str(caught.value)


async def test_a_name_that_is_not_known_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    allow(lambda _: True)
    with pytest.raises(httpx.ConnectError, match="name resolution"):
        await connect("nowhere.invalid", 80)


async def test_a_name_without_addresses_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch)
    allow(lambda _: True)
    with pytest.raises(NotAllowedError):
        await connect("empty.example", 80)


async def test_without_anybody_to_judge_nothing_is_connected(port: int) -> None:
    with pytest.raises(LookupError):
        await connect("127.0.0.1", port)


async def test_a_connection_that_is_given_up_leaves_no_socket_open(monkeypatch: pytest.MonkeyPatch) -> None:
    sockets: list[socket.socket] = []

    async def sock_connect(sock: socket.socket, _: Any) -> None:
        sockets.append(sock)
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", sock_connect)
    allow(lambda _: True)
    connecting = asyncio.ensure_future(connect("127.0.0.1", 80))
    while not sockets:  # noqa: ASYNC110 - what is waited for is a call
        await asyncio.sleep(0)
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    assert [sock.fileno() for sock in sockets] == [-1]


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
async def test_a_name_that_dns_cannot_spell_is_no_fault_of_ours(host: str) -> None:
    allow(lambda _: True)
    with pytest.raises(httpx.ConnectError, match="name resolution"):
        await connect(host, 80)
