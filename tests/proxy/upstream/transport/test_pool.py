from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from proxy.upstream.transport import ALLOWED, NotAllowedError, Transport, pool
from tests.fakes.server import Request, Server, Wire

pytestmark = pytest.mark.anyio

EVERYWHERE: Callable[[str], bool] = lambda _: True  # noqa: E731 - what may be connected


async def echo(request: Request, wire: Wire) -> None:
    await wire.reply(200, request.body, {"x-connection": str(request.connection)})


async def half_an_answer(_: Request, wire: Wire) -> None:
    await wire.start()
    await wire.write(b"half")
    await wire.gone()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(echo) as running:
        yield running


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    made = Transport()
    yield made
    await made.aclose()


async def send(
    transport: Transport, url: str, *, allowed: Callable[[str], bool] = EVERYWHERE, **more: Any
) -> httpx.Response:
    token = ALLOWED.set(allowed)
    try:
        return await transport.handle_async_request(httpx.Request("POST", url, **{"content": b"text", **more}))
    finally:
        ALLOWED.reset(token)


async def whole(transport: Transport, url: str, **more: Any) -> bytes:
    response = await send(transport, url, **more)
    return await response.aread()


async def test_a_request_arrives_as_it_was_made(transport: Transport, server: Server) -> None:
    headers = httpx.Headers([("X-A", "1"), ("x-b", "caf\u00e9")], encoding="latin-1")
    await whole(transport, f"{server.url}/v1/a%2Fb?x=1&y", headers=headers, content=b"hello")
    (request,) = server.requests
    assert (request.method, request.target, request.body) == ("POST", "/v1/a%2Fb?x=1&y", b"hello")
    assert dict(request.headers) == {
        "host": f"127.0.0.1:{server.port}",
        "x-a": "1",
        "x-b": "caf\u00e9",
        "content-length": "5",
    }


@pytest.mark.parametrize("size", [0, 1, 2**16, 3 * 2**20])
async def test_a_body_of_any_size_goes_there_and_back(transport: Transport, server: Server, size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    assert await whole(transport, server.url, content=body[:size]) == body[:size]


async def test_an_answer_says_which_peer_gave_it(transport: Transport, server: Server) -> None:
    response = await send(transport, server.url)
    await response.aread()
    assert response.extensions["peer"] == "127.0.0.1"


async def test_a_connection_is_used_again_once_its_answer_was_read(transport: Transport, server: Server) -> None:
    for _ in range(3):
        await whole(transport, server.url)
    assert [request.connection for request in server.requests] == [1, 1, 1]


async def test_requests_at_the_same_time_have_connections_of_their_own(transport: Transport, server: Server) -> None:
    responses = [await send(transport, server.url) for _ in range(3)]
    assert server.connections == 3
    for response in responses:
        await response.aread()
    await asyncio.gather(*(whole(transport, server.url) for _ in range(3)))
    assert server.connections == 3


async def test_an_answer_that_was_not_read_to_its_end_costs_its_connection(
    transport: Transport, server: Server
) -> None:
    server.handler = half_an_answer
    response = await send(transport, server.url)
    await response.aclose()
    server.handler = echo
    await whole(transport, server.url)
    assert [request.connection for request in server.requests] == [1, 2]
    assert await asyncio.to_thread(server.requests[0].gone.wait, 5)


async def test_a_server_that_closes_is_not_asked_again_on_that_connection(transport: Transport, server: Server) -> None:
    async def close(_: Request, wire: Wire) -> None:
        await wire.reply(200, b"bye", {"connection": "close"})

    server.handler = close
    assert [await whole(transport, server.url) for _ in range(2)] == [b"bye", b"bye"]
    assert server.connections == 2


async def test_two_servers_share_no_connection(transport: Transport, server: Server) -> None:
    with Server(echo) as other:
        await whole(transport, server.url)
        await whole(transport, other.url)
        assert (server.connections, other.connections) == (1, 1)


# --- kept connections that went stale ---


async def test_a_kept_connection_that_was_closed_under_us_is_nobodys_fault(
    transport: Transport, server: Server
) -> None:
    await whole(transport, server.url)
    server.close_idle()  # nothing awaits in between: the request is written before the closing is seen
    assert await whole(transport, server.url, content=b"again") == b"again"
    assert [request.body for request in server.requests] == [b"text", b"again"]


async def test_a_closing_that_was_seen_costs_nothing_either(transport: Transport, server: Server) -> None:
    await whole(transport, server.url)
    server.close_idle()
    (connection,) = transport._open
    while connection.is_open:  # noqa: ASYNC110 - what is waited for comes from the loop
        await asyncio.sleep(0)
    assert await whole(transport, server.url, content=b"again") == b"again"


async def test_it_is_tried_once_more_and_not_for_ever(transport: Transport, server: Server) -> None:
    await whole(transport, server.url)

    async def hang_up(_: Request, wire: Wire) -> None:
        await wire.cut()

    server.handler = hang_up
    with pytest.raises(httpx.TransportError):
        await whole(transport, server.url)
    assert [request.connection for request in server.requests] == [1, 1, 2]


async def test_a_new_connection_that_is_hung_up_is_not_tried_again(transport: Transport, server: Server) -> None:
    async def hang_up(_: Request, wire: Wire) -> None:
        await wire.cut()

    server.handler = hang_up
    with pytest.raises(httpx.TransportError):
        await whole(transport, server.url)
    assert len(server.requests) == 1


async def test_a_kept_connection_that_began_to_answer_is_not_tried_again(transport: Transport, server: Server) -> None:
    await whole(transport, server.url)

    async def half(_: Request, wire: Wire) -> None:
        await wire.raw(b"HTTP/1.1 200")

    server.handler = half
    with pytest.raises(httpx.RemoteProtocolError):
        await whole(transport, server.url)
    assert len(server.requests) == 2


async def test_a_connection_is_not_kept_for_too_long(
    transport: Transport, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await whole(transport, server.url)
    monkeypatch.setattr(pool, "KEPT_S", -1.0)
    await whole(transport, server.url)
    assert server.connections == 2


async def test_only_so_many_are_kept(transport: Transport, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "KEPT", 1)
    for response in [await send(transport, server.url) for _ in range(3)]:
        await response.aread()
    assert len(transport._open) == 1


# --- where a request may go ---


async def test_a_kept_connection_is_judged_for_each_request(transport: Transport, server: Server) -> None:
    await whole(transport, server.url)
    with pytest.raises(NotAllowedError):
        await whole(transport, server.url, allowed=lambda _: False)
    await whole(transport, server.url)
    assert (len(server.requests), server.connections) == (2, 1)


async def test_without_anybody_to_judge_nothing_is_sent(transport: Transport, server: Server) -> None:
    await whole(transport, server.url)
    with pytest.raises(LookupError):
        await transport.handle_async_request(httpx.Request("POST", server.url))
    assert len(server.requests) == 1


# --- failures ---


async def test_connecting_may_take_only_so_long(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(pool, "connect", never)
    with pytest.raises(httpx.ConnectTimeout):
        await send(transport, "http://127.0.0.1:1", extensions={"timeout": {"connect": 0.001}})


async def test_a_server_that_speaks_no_tls_is_not_connected(transport: Transport) -> None:
    closed = asyncio.Event()

    async def hello(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        closed.set()

    async with await asyncio.start_server(hello, "127.0.0.1", 0) as plain:
        port = plain.sockets[0].getsockname()[1]
        with pytest.raises(httpx.ConnectError, match="SSLError"):
            await send(transport, f"https://127.0.0.1:{port}")
        assert transport._open == set()
        await closed.wait()


async def test_a_request_that_is_given_up_closes_its_connection(transport: Transport, server: Server) -> None:
    async def silent(_: Request, wire: Wire) -> None:
        await wire.gone()

    server.handler = silent
    sending = asyncio.ensure_future(send(transport, server.url))
    await asyncio.to_thread(server.wait_for, lambda requests: len(requests) == 1)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert transport._open == set()
    assert await asyncio.to_thread(server.requests[0].gone.wait, 5)


async def test_closing_closes_every_connection(transport: Transport, server: Server) -> None:
    await whole(transport, server.url)
    server.handler = half_an_answer
    response = await send(transport, server.url)
    await transport.aclose()
    with pytest.raises(httpx.TransportError):
        await response.aread()
    assert transport._open == set()


async def test_no_head_is_made_of_two(transport: Transport, server: Server) -> None:
    for headers in ({"x-a": "1\r\nx-evil: 2"}, {"x-a": "1\nx-evil: 2"}, {"x-a\r\nx-evil": "1"}):
        with pytest.raises(httpx.LocalProtocolError):
            await whole(transport, server.url, headers=headers)
    await whole(transport, server.url)
    assert (len(server.requests), server.connections) == (1, 1)
