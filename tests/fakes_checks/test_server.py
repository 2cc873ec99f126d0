from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
from contextlib import closing

import pytest

from tests.fakes.server import Request, Server, Wire


async def echo(request: Request, wire: Wire) -> None:
    await wire.reply(200, {"path": request.path, "query": request.query, "body": request.body.decode()})


def dial(server: Server) -> closing[http.client.HTTPConnection]:
    return closing(http.client.HTTPConnection(server.host, server.port, timeout=5))


def call(server: Server, method: str = "GET", target: str = "/", body: str | None = None) -> tuple[int, bytes]:
    with dial(server) as connection:
        connection.request(method, target, body)
        answer = connection.getresponse()
        data = answer.read()
        return answer.status, data


def test_a_request_is_recorded_and_answered_whole() -> None:
    with Server(echo) as server:
        status, data = call(server, "POST", "/a%2Fb?x=1", "hello")
        assert status == 200
        assert json.loads(data) == {"path": "/a%2Fb", "query": "x=1", "body": "hello"}
        assert server.requests[0].header("Content-Length") == "5"


def test_a_kept_connection_carries_several_requests_and_its_number_tells() -> None:
    with Server(echo) as server, dial(server) as connection:
        for _ in range(2):
            connection.request("POST", "/", iter([b"ab", b"cd"]), {"transfer-encoding": "chunked"}, encode_chunked=True)
            assert json.loads(connection.getresponse().read())["body"] == "abcd"
        call(server)
        assert [request.connection for request in server.requests] == [1, 1, 2]
        assert server.connections == 2


def test_head_has_the_length_but_no_body_and_204_has_neither() -> None:
    async def nothing(_request: Request, wire: Wire) -> None:
        await wire.reply(204)

    with Server(echo) as server:
        assert call(server, "HEAD") == (200, b"")
        server.handler = nothing
        assert call(server) == (204, b"")


def test_a_streamed_answer_arrives_piece_by_piece() -> None:
    gate = threading.Event()

    async def stream(_request: Request, wire: Wire) -> None:
        await wire.start(200, {"content-type": "text/plain"})
        await wire.write(b"one")
        while not gate.is_set():  # noqa: ASYNC110 - set from another thread
            await asyncio.sleep(0.001)
        await wire.write(b"two")
        await wire.end()
        assert wire.written == 6

    with Server(stream) as server, dial(server) as connection:
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert answer.read(3) == b"one"
        gate.set()
        assert answer.read() == b"two"


def test_a_client_that_leaves_cancels_the_handler_and_sets_gone() -> None:
    cancelled = threading.Event()

    async def forever(_request: Request, wire: Wire) -> None:
        try:
            await wire.start()
            while True:
                await wire.write(b"x" * 1000)
                await asyncio.sleep(0.001)
        finally:
            cancelled.set()

    with Server(forever) as server, closing(socket.create_connection((server.host, server.port))) as client:
        client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        client.recv(10)
        client.close()
        assert cancelled.wait(5)
        assert server.requests[0].gone.wait(5)


def test_a_handler_may_wait_for_the_client_to_leave() -> None:
    saw = threading.Event()

    async def patient(_request: Request, wire: Wire) -> None:
        await wire.gone()
        saw.set()

    with Server(patient) as server, closing(socket.create_connection((server.host, server.port))) as client:
        client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        server.wait_for(lambda requests: len(requests) == 1)
        client.close()
        assert saw.wait(5)


def test_a_client_that_has_its_answer_is_not_called_gone() -> None:
    with Server(echo) as server:
        call(server)
        call(server)
        assert not server.requests[0].gone.is_set()


def test_a_reader_that_stops_reading_holds_the_handler() -> None:
    wires: list[Wire] = []

    async def flood(_request: Request, wire: Wire) -> None:
        wires.append(wire)
        await wire.start()
        while True:
            await wire.write(b"x" * 65536)

    with Server(flood) as server, closing(socket.create_connection((server.host, server.port))) as client:
        client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        server.wait_for(lambda _: bool(wires))
        last = -1
        pause = threading.Event()
        while wires[0].written != last:
            last = wires[0].written
            pause.wait(0.2)
        assert last < 32 * 1024 * 1024


def test_a_cut_resets_the_connection() -> None:
    async def cut(_request: Request, wire: Wire) -> None:
        await wire.start()
        await wire.write(b"part")
        await wire.cut()

    with Server(cut) as server, closing(socket.create_connection((server.host, server.port))) as client:
        client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        received = iter(lambda: client.recv(4096), b"")
        with pytest.raises(ConnectionResetError):
            list(received)


def test_raw_bytes_are_sent_as_they_are_and_then_the_connection_ends() -> None:
    async def odd(_request: Request, wire: Wire) -> None:
        await wire.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort")

    with Server(odd) as server, dial(server) as connection:
        connection.request("GET", "/")
        with pytest.raises(http.client.IncompleteRead):
            connection.getresponse().read()


def test_a_failing_handler_is_reported_by_the_context() -> None:
    async def broken(_request: Request, _wire: Wire) -> None:
        raise KeyError("the reason")

    server = Server(broken)
    server.start()
    with pytest.raises(http.client.RemoteDisconnected):
        call(server)
    with pytest.raises(AssertionError, match="the reason"):
        server.__exit__(None, None, None)


def test_a_stopped_server_refuses_and_comes_back_on_its_port() -> None:
    server = Server(echo)
    server.start()
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        call(server)
    with server:
        assert call(server)[0] == 200


def test_idle_connections_can_be_closed_from_the_server_side() -> None:
    with Server(echo) as server, closing(socket.create_connection((server.host, server.port))) as client:
        client.settimeout(5)
        client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert client.recv(4096)
        server.close_idle()
        assert client.recv(4096) == b""


def test_waiting_for_what_never_comes_fails_with_what_was_seen() -> None:
    with Server(echo) as server:
        call(server, "GET", "/seen")
        with pytest.raises(AssertionError, match="/seen"):
            server.wait_for(lambda requests: len(requests) > 1, timeout_s=0.05)
