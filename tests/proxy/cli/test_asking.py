from __future__ import annotations

import asyncio
import socket

import pytest

from proxy.cli import asking
from proxy.cli.asking import ask
from proxy.doctor.ask import Answer, Unreachable
from tests.fakes.server import Handler, Request, Server, Wire

pytestmark = pytest.mark.anyio

FOREVER = 60.0


async def hello(_: Request, wire: Wire) -> None:
    await wire.reply(418, b"hello", {"X-A": "b"})


async def silent(_: Request, wire: Wire) -> None:
    await wire.gone()


async def cut(_: Request, wire: Wire) -> None:
    await wire.cut()


async def not_gzip(_: Request, wire: Wire) -> None:
    await wire.reply(200, b"not gzip", {"content-encoding": "gzip"})


async def asked(handler: Handler, timeout_s: float = FOREVER) -> Answer:
    with Server(handler) as server:
        return await ask("GET", server.url, {}, None, timeout_s)


async def refused(url: str) -> Unreachable:
    with pytest.raises(Unreachable) as caught:
        await ask("GET", url, {}, None, FOREVER)
    return caught.value


async def test_a_question_goes_out_and_its_answer_comes_back() -> None:
    with Server(hello) as server:
        answer = await ask("POST", f"{server.url}/v1/x", {"authorization": "Bearer k"}, b"text", FOREVER)
        (request,) = server.requests
    assert (request.method, request.target, request.body) == ("POST", "/v1/x", b"text")
    assert (request.header("authorization"), request.header("accept-encoding")) == ("Bearer k", "identity")
    assert (answer.status, answer.body, answer.headers["x-a"], answer.address) == (418, b"hello", "b", "127.0.0.1")


async def test_no_more_is_read_than_anybody_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MAX_BODY", 10)

    async def endless(_: Request, wire: Wire) -> None:
        await wire.start()
        await wire.write(b"0123456789")
        await wire.gone()

    assert (await asked(endless)).body == b"0123456789"


async def test_a_server_that_is_silent_is_given_up_in_time() -> None:
    with pytest.raises(Unreachable) as caught:
        await asked(silent, timeout_s=0.01)
    assert caught.value.kind == "time"


@pytest.mark.parametrize("handler", [cut, not_gzip])
async def test_an_answer_that_breaks_off_is_broken(handler: Handler) -> None:
    with pytest.raises(Unreachable) as caught:
        await asked(handler)
    assert caught.value.kind == "broken"


async def test_a_port_without_a_server_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = await refused(f"http://127.0.0.1:{port}")
    assert (error.kind, "refused" in error.reason.lower()) == ("refused", True)


async def test_a_name_that_nobody_knows_is_said_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    error = await refused("http://nowhere.invalid")
    assert (error.kind, error.reason) == ("name", "Name or service not known")


async def test_a_server_that_speaks_no_tls_is_said_to_speak_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        port = listener.getsockname()[1]

        async def plain() -> None:
            connection, _ = await asyncio.get_running_loop().sock_accept(listener)
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                await asyncio.get_running_loop().sock_recv(connection, 2**16)

        answering = asyncio.ensure_future(plain())
        assert (await refused(f"https://127.0.0.1:{port}")).kind == "tls"
        await answering
