"""Who may talk to a wye without keys, and what every answer carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests.fakes.server import Request, Wire
from tests.fakes.upstream import FakeOpenAI, error
from tests.journeys.raw import CHAT, Raw, chat, chats, error_in, ready, said
from tests.wye_process import Wye, one_target

WEBSOCKET = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture(scope="module")
def wye(upstream: FakeOpenAI) -> Iterator[Wye]:
    with Wye(one_target(upstream.base_url)) as server:
        yield ready(server)


@pytest.fixture(autouse=True)
def _usual_script(upstream: FakeOpenAI) -> None:
    upstream.script = None


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://evil.example:8000", "null", "http://localhost", "http://127.0.0.1:1"]
)
@pytest.mark.parametrize("path", [CHAT, "/v1/models", "/healthz"])
def test_a_page_of_another_origin_may_not_ask(wye: Wye, upstream: FakeOpenAI, origin: str, path: str) -> None:
    before, method = len(chats(upstream)), "POST" if path == CHAT else "GET"
    with Raw(wye, chat(), method=method, path=path, headers={"origin": origin}) as raw:
        assert raw.error()["type"] == "permission_error"
        assert raw.answer.status == 403
        assert "access-control-allow-origin" not in raw.headers
    assert len(chats(upstream)) == before


def test_a_page_of_its_own_origin_may_ask(wye: Wye) -> None:
    with Raw(wye, chat(), headers={"origin": wye.url}) as raw:
        assert raw.answer.status == 200
        raw.rest()


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "0.0.0.0"],
)
def test_a_name_that_is_not_loopback_is_refused(wye: Wye, upstream: FakeOpenAI, host: str) -> None:
    before = len(chats(upstream))
    with Raw(wye, chat(), headers={"host": host}) as raw:
        assert raw.error()["type"] == "permission_error"
        assert (raw.answer.status, raw.headers["x-should-retry"]) == (403, "false")
    assert len(chats(upstream)) == before


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:99", "app.localhost", "127.0.0.1", "127.8.9.1:1", "[::1]:8"])
def test_a_loopback_name_is_let_in(wye: Wye, host: str) -> None:
    with Raw(wye, method="GET", path="/healthz", headers={"host": host}) as raw:
        assert raw.json() == {"status": "ok"}


@pytest.mark.parametrize("hosts", [b"", b"Host: localhost\r\nHost: localhost\r\n", b"Host: \r\n", b"Host: a b\r\n"])
def test_a_request_has_exactly_one_host(wye: Wye, hosts: bytes) -> None:
    status, headers, body = said(wye, b"GET /healthz HTTP/1.1\r\n" + hosts + b"\r\n")
    assert (status, error_in(body)["type"]) == (400, "invalid_request_error")
    assert headers["x-request-id"]


@pytest.mark.parametrize("upgrade", [WEBSOCKET, b"Connection: Upgrade\r\nUpgrade: h2c\r\n", b"Upgrade: TLS/1.2\r\n"])
@pytest.mark.parametrize("path", [b"/v1/chat/completions", b"/v1/realtime", b"/healthz"])
def test_no_connection_is_upgraded(wye: Wye, upgrade: bytes, path: bytes) -> None:
    status, headers, body = said(wye, b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n" + upgrade + b"\r\n")
    assert (status, error_in(body)["code"]) == (501, "upgrade_not_supported")
    assert "upgrade" not in headers


def test_headers_have_a_limit(wye: Wye) -> None:
    head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"X-Long: " + b"x" * 66_000 + b"\r\n\r\n"
    status, _, body = said(wye, head)
    assert (status, error_in(body)["code"]) == (431, "request_header_fields_too_large")


@pytest.mark.parametrize(
    ("status", "method", "path", "headers"),
    [
        (200, "GET", "/healthz", {}),
        (200, "GET", "/readyz", {}),
        (200, "GET", "/v1/models", {}),
        (404, "GET", "/v1/models/none", {}),
        (404, "GET", "/nowhere", {}),
        (405, "DELETE", "/v1/models", {}),
        (405, "GET", CHAT, {}),
        (403, "GET", "/healthz", {"host": "evil.example"}),
        (403, "GET", "/nowhere", {"origin": "http://evil.example"}),
        (400, "POST", CHAT, {}),
        (415, "POST", CHAT, {"content-encoding": "gzip"}),
    ],
)
def test_every_answer_has_an_id(wye: Wye, status: int, method: str, path: str, headers: Mapping[str, str]) -> None:
    with Raw(wye, method=method, path=path, headers=headers) as raw:
        raw.rest()
        assert raw.answer.status == status
        assert raw.headers["x-request-id"].startswith("wye-")
    with Raw(wye, method=method, path=path, headers={"x-request-id": "mine.1:2_3-4", **headers}) as raw:
        raw.rest()
        assert raw.headers["x-request-id"] == "mine.1:2_3-4"


@pytest.mark.parametrize("unsafe", ["a b", "x" * 129, "<script>", "é", "a,b"])
def test_an_id_that_may_not_stand_in_a_log_is_not_echoed(wye: Wye, unsafe: str) -> None:
    with Raw(wye, method="GET", path="/healthz", headers={"x-request-id": unsafe}) as raw:
        raw.rest()
        assert raw.headers["x-request-id"].startswith("wye-")


@pytest.mark.parametrize("streamed", [False, True])
def test_the_upstreams_id_comes_before_the_clients(wye: Wye, upstream: FakeOpenAI, streamed: bool) -> None:
    with Raw(wye, chat(stream=streamed), headers={"x-request-id": "mine"}) as raw:
        raw.rest()
        assert raw.headers["x-request-id"].startswith("req_")
        assert raw.headers["x-wye-id"].startswith("wye-")
    upstream.script = error(400, "invalid_value", headers={"x-request-id": "req_failed"})
    with Raw(wye, chat(stream=streamed), headers={"x-request-id": "mine"}) as raw:
        raw.error()
        assert raw.headers["x-request-id"] == "req_failed"


def test_the_clients_id_stands_where_the_upstream_has_none(wye: Wye, upstream: FakeOpenAI) -> None:
    answer = {"id": "c", "choices": [{"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}]}

    async def anonymous(_: Request, wire: Wire) -> None:
        await wire.reply(200, answer)

    upstream.script = anonymous
    with Raw(wye, chat(), headers={"x-request-id": "mine"}) as raw:
        raw.rest()
        assert raw.headers["x-request-id"] == "mine"
