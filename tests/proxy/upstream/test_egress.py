"""The one way out, on real sockets: what is refused must not reach a server, not even as a connection."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from proxy.errors import EgressRefused
from proxy.upstream.boundary import Boundary
from proxy.upstream.egress import LABELS, NO_TEXT, Egress
from tests.fakes.rule_files import target
from tests.fakes.server import Request, Server, Wire
from tests.fakes.transport import FakeTransport, reply

pytestmark = pytest.mark.anyio

ANY = target(accepts=["*"])
NONE = target()
PRIVATE = frozenset({"private"})
# 127.0.0.1, where the servers of these tests are, lies outside the boundary of `far` and inside that of `near`.
BOUNDARY = Boundary({"far": ["10.0.0.0/8"], "near": ["127.0.0.0/8"], "named": ["*.internal"], "nowhere": []})


async def answer(_: Request, wire: Wire) -> None:
    await wire.reply(200, {"ok": True})


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(answer) as running:
        yield running


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    made = Egress(BOUNDARY)
    yield made
    await made.aclose()


def request(url: str, labels: object = frozenset(), body: bytes = b"text") -> httpx.Request:
    return httpx.Request("POST", url, content=body, extensions={LABELS: labels})


async def sent(egress: Egress, server: Server, *labels: str, url: str | None = None) -> httpx.Response:
    response = await egress.send(request(url or server.url, frozenset(labels)), ANY)
    await response.aread()
    return response


# --- labels, before any transport is touched ---


@pytest.mark.parametrize("labels", [None, [], ["private"], "private", set(), {"private"}, {}, (), 0, "no text"])
async def test_a_request_whose_labels_are_missing_or_no_labels_goes_nowhere(labels: Any) -> None:
    transport = FakeTransport(up=reply(200, {}))
    with pytest.raises(EgressRefused, match="without labels"):
        await Egress(BOUNDARY, transport).send(request("http://up", labels), ANY)
    with pytest.raises(EgressRefused, match="without labels"):
        await Egress(BOUNDARY, transport).send(httpx.Request("POST", "http://up"), ANY)
    assert transport.requests == []


@pytest.mark.parametrize(
    ("accepts", "labels"),
    [([], ["private"]), (["legal"], ["private"]), (["private"], ["private", "legal"]), (["priv*"], ["private"])],
)
async def test_a_label_that_the_target_does_not_accept_goes_nowhere(accepts: list[str], labels: list[str]) -> None:
    transport = FakeTransport(up=reply(200, {}))
    with pytest.raises(EgressRefused, match="does not accept every label"):
        await Egress(BOUNDARY, transport).send(request("http://up", frozenset(labels)), target(accepts=accepts))
    assert transport.requests == []


@pytest.mark.parametrize(
    ("accepts", "labels"), [([], frozenset()), ([], NO_TEXT), (["*"], PRIVATE), (["private", "legal"], PRIVATE)]
)
async def test_what_the_target_accepts_is_sent(accepts: list[str], labels: Any) -> None:
    transport = FakeTransport(up=reply(200, {}))
    response = await Egress(BOUNDARY, transport).send(request("http://up", labels), target(accepts=accepts))
    assert (response.status_code, transport.hosts) == (200, ["up"])


async def test_the_labels_of_the_request_count_and_not_those_of_another(egress: Egress, server: Server) -> None:
    held = request(server.url)
    await (await egress.send(held, NONE)).aread()
    held.extensions[LABELS] = PRIVATE
    with pytest.raises(EgressRefused):
        await egress.send(held, NONE)
    assert len(server.requests) == 1


# --- the peer's address, on real connections ---


async def test_outside_the_boundary_no_connection_is_made(egress: Egress, server: Server) -> None:
    with pytest.raises(EgressRefused, match="outside the boundary"):
        await sent(egress, server, "far")
    assert (await sent(egress, server)).json() == {"ok": True}
    assert (server.connections, len(server.requests)) == (1, 1)


async def test_outside_the_boundary_no_byte_goes_over_a_kept_connection(egress: Egress, server: Server) -> None:
    await sent(egress, server)
    with pytest.raises(EgressRefused, match="outside the boundary"):
        await sent(egress, server, "far")
    await sent(egress, server, "near")
    assert [one.connection for one in server.requests] == [1, 1]
    assert server.connections == 1


@pytest.mark.parametrize("labels", [["near"], ["unheard-of"], ["near", "unheard-of"]])
async def test_inside_the_boundary_a_request_is_sent(egress: Egress, server: Server, labels: list[str]) -> None:
    assert (await sent(egress, server, *labels)).status_code == 200
    assert [one.body for one in server.requests] == [b"text"]


@pytest.mark.parametrize("labels", [["near", "far"], ["far", "unheard-of"], ["nowhere"], ["named"]])
async def test_one_label_outside_is_enough(egress: Egress, server: Server, labels: list[str]) -> None:
    with pytest.raises(EgressRefused):
        await sent(egress, server, *labels)
    await sent(egress, server)
    assert server.connections == 1


async def test_requests_at_the_same_time_are_judged_each_by_its_own_labels(egress: Egress, server: Server) -> None:
    labels = ["near", "far"] * 10
    outcomes = await asyncio.gather(*(sent(egress, server, one) for one in labels), return_exceptions=True)
    assert [isinstance(one, EgressRefused) for one in outcomes] == [one == "far" for one in labels]
    assert len(server.requests) == 10


@pytest.mark.parametrize("kept", [False, True])
async def test_a_probe_may_go_where_text_may_not(egress: Egress, server: Server, kept: bool) -> None:
    if kept:
        await sent(egress, server)
    response = await egress.send(request(server.url, NO_TEXT), NONE)
    await response.aread()
    assert response.status_code == 200


def resolve(monkeypatch: pytest.MonkeyPatch, **names: list[str]) -> list[str]:
    """Answer for DNS; return the names that were asked for."""
    asked: list[str] = []

    async def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in names[host.partition(".")[0]]
        ]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    return asked


async def test_a_name_that_turns_out_to_be_public_opens_nothing(
    egress: Egress, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolve(monkeypatch, ollama=["203.0.113.9"])
    for label in ("named", "unheard-of"):
        with pytest.raises(EgressRefused):
            await egress.send(request("http://ollama.internal:1", frozenset({label})), ANY)
    assert asked == ["ollama.internal"] * 2


async def test_a_name_inside_the_boundary_that_is_private_is_used(
    egress: Egress, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve(monkeypatch, ollama=["127.0.0.1"])
    assert (await sent(egress, server, "named", url=f"http://ollama.internal:{server.port}")).status_code == 200


async def test_of_several_addresses_only_those_inside_are_tried(
    egress: Egress, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve(monkeypatch, ollama=["203.0.113.9", "127.0.0.1"])
    assert (await sent(egress, server, "named", url=f"http://ollama.internal:{server.port}")).status_code == 200


async def test_a_name_that_changes_its_address_is_judged_again(
    egress: Egress, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"http://ollama.internal:{server.port}"
    resolve(monkeypatch, ollama=["127.0.0.1"])
    await sent(egress, server, "named", url=url)
    server.close_idle()
    resolve(monkeypatch, ollama=["203.0.113.9"])
    with pytest.raises(EgressRefused):
        await sent(egress, server, "named", url=url)
    assert len(server.requests) == 1


# --- what comes back ---


async def test_a_redirect_is_not_followed(egress: Egress, server: Server) -> None:
    async def redirect(_: Request, wire: Wire) -> None:
        await wire.reply(307, b"", {"location": f"{server.url}/elsewhere"})

    server.handler = redirect
    response = await sent(egress, server)
    assert response.status_code == 307
    assert [one.target for one in server.requests] == ["/"]


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
async def test_no_variable_changes_where_bytes_go(
    egress: Egress, server: Server, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with Server(answer) as proxy:
        monkeypatch.setenv(name, proxy.url)
        await sent(egress, server)
        assert (len(server.requests), proxy.connections) == (1, 0)


async def test_errors_of_the_transport_come_through() -> None:
    transport = FakeTransport(up=httpx.ConnectError("refused"))
    with pytest.raises(httpx.ConnectError):
        await Egress(BOUNDARY, transport).send(request("http://up"), ANY)


# --- one pool under several boundaries ---


async def test_another_boundary_uses_the_same_connections_and_checks_each_use_anew(
    egress: Egress, server: Server
) -> None:
    open_ = egress.within(Boundary({"far": ["127.0.0.0/8"]}))
    assert (await sent(open_, server, "far")).status_code == 200
    with pytest.raises(EgressRefused, match="boundary"):
        await sent(egress, server, "far")
    assert (await sent(egress, server)).status_code == 200
    assert server.connections == 1


async def test_idle_connections_to_places_that_are_not_in_use_are_closed(egress: Egress, server: Server) -> None:
    await sent(egress, server)
    egress.keep_only([httpx.URL(server.url)])
    await sent(egress, server)
    assert server.connections == 1
    egress.keep_only([httpx.URL("http://127.0.0.1:1/v1")])
    await asyncio.to_thread(server.wait_for, lambda _: not server._open)
    await sent(egress, server)
    assert server.connections == 2
    Egress(BOUNDARY, FakeTransport()).keep_only([])
