from __future__ import annotations

import json
from typing import Any

import pytest

from proxy.endpoints.asgi_types import Receive, Scope, Send
from proxy.endpoints.edge import MAX_HEADERS, Edge, client_request_id
from proxy.errors import NotFound
from proxy.telemetry.events import Event, Fault
from tests.fakes.asgi import Client, Raw, Sent, scope

pytestmark = pytest.mark.anyio


def NOBODY(_: Event) -> None:  # noqa: N802 - it is one
    """Hear no event."""


class App:
    """Answers 200, or does what it is told to; remembers the scopes that got through to it."""

    def __init__(self, *, raises: Exception | None = None, begins: bool = True, headers: Raw = ()) -> None:
        self.scopes: list[Scope] = []
        self._raises, self._begins, self._headers = raises, begins, headers

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        if self._begins:
            headers = [(name.encode(), value.encode()) for name, value in self._headers]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
        if self._raises:
            raise self._raises
        await send({"type": "http.response.body", "body": b"ok", "more_body": False})


async def call(
    headers: Raw, *, everywhere: bool = False, app: App | None = None, events: list[Event] | None = None
) -> tuple[Sent, App]:
    app, sent = app or App(), Sent()
    edge = Edge(app, via="wye-me", everywhere=everywhere, emit=(events if events is not None else []).append)
    await edge(scope(headers=headers), Client(b"").receive, sent.send)
    return sent, app


def refused(sent: Sent, app: App) -> tuple[int, Any]:
    assert app.scopes == []
    assert sent.complete
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["x-request-id"] == sent.headers["x-wye-id"]
    error = json.loads(sent.body)["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    return sent.status, error["code"]


LOOPBACK = [
    "localhost",
    "LOCALHOST:8000",
    "127.0.0.1",
    "127.0.0.1:8000",
    "127.8.9.10:1",
    "[::1]",
    "[::1]:8000",
    "a.localhost",
]
OTHERS = [
    "example.com",
    "localhost.example.com",
    "127.0.0.1.nip.io",
    "evil-localhost",
    "localhostx",
    "192.168.1.5:8000",
    "0.0.0.0:8000",
    "[::ffff:127.0.0.1]",
    "[::2]:80",
    "10.127.0.0.1",
]
INVALID = [
    "",
    "a b",
    "localhost:",
    "localhost:x",
    "user@localhost",
    "localhost/path",
    "http://localhost",
    "[::1",
    "a,b",
    "localhost:123456",
]


@pytest.mark.parametrize("host", LOOPBACK)
@pytest.mark.parametrize("everywhere", [True, False])
async def test_a_loopback_name_is_let_in(host: str, everywhere: bool) -> None:
    sent, app = await call([("host", host)], everywhere=everywhere)
    assert (sent.status, len(app.scopes)) == (200, 1)


@pytest.mark.parametrize("host", OTHERS)
async def test_any_other_name_is_let_in_only_where_wye_is_open(host: str) -> None:
    assert refused(*await call([("host", host)])) == (403, "forbidden")
    sent, _ = await call([("host", host)], everywhere=True)
    assert sent.status == 200


@pytest.mark.parametrize("host", INVALID)
@pytest.mark.parametrize("everywhere", [True, False])
async def test_a_host_that_is_none_is_a_bad_request(host: str, everywhere: bool) -> None:
    assert refused(*await call([("host", host)], everywhere=everywhere)) == (400, None)


async def test_two_hosts_are_one_too_many_and_none_is_one_too_few() -> None:
    assert refused(*await call([("host", "localhost"), ("host", "localhost")])) == (400, None)
    app, sent = App(), Sent()
    nameless = {**scope(), "headers": []}
    await Edge(app, via="x", everywhere=True, emit=NOBODY)(nameless, Client(b"").receive, sent.send)
    assert refused(sent, app) == (400, None)


@pytest.mark.parametrize(
    "origin",
    [
        "http://example.com",
        "https://localhost.example.com:8000",
        "http://localhost:8001",
        "http://localhost",
        "http://localhost:8000@example.com",
        "http://127.0.0.1:8000",
        "null",
        "",
        "localhost:8000",
        "file://",
        "chrome-extension://abc",
        "http://[",
        "http://localhost:8000, http://example.com",
    ],
)
@pytest.mark.parametrize("everywhere", [True, False])
async def test_a_web_page_of_another_origin_is_refused(origin: str, everywhere: bool) -> None:
    got = await call([("host", "localhost:8000"), ("origin", origin)], everywhere=everywhere)
    assert refused(*got) == (403, "forbidden")


@pytest.mark.parametrize("origin", ["http://localhost:8000", "https://localhost:8000", "HTTP://LOCALHOST:8000"])
async def test_a_page_of_the_same_origin_is_let_in(origin: str) -> None:
    sent, _ = await call([("host", "LocalHost:8000"), ("origin", origin)])
    assert sent.status == 200


async def test_a_second_origin_hides_behind_no_first() -> None:
    headers = [("host", "localhost"), ("origin", "http://localhost"), ("origin", "http://example.com")]
    assert refused(*await call(headers)) == (403, "forbidden")


@pytest.mark.parametrize("protocol", ["websocket", "h2c", "TLS/1.3"])
async def test_no_connection_is_upgraded(protocol: str) -> None:
    assert refused(*await call([("connection", "upgrade"), ("upgrade", protocol)])) == (501, "upgrade_not_supported")


@pytest.mark.parametrize(("via", "status"), [("1.1 wye-me", 508), ("1.1 cdn, 1.1 wye-me", 508), ("1.1 wye-other", 200)])
async def test_a_request_that_was_here_before_goes_round_no_more(via: str, status: int) -> None:
    sent, _ = await call([("via", via)])
    assert sent.status == status


async def test_headers_are_bounded() -> None:
    assert refused(*await call([("x-long", "x" * MAX_HEADERS)]))[0] == 431
    assert refused(*await call([(f"x-{at}", "y" * 60) for at in range(1_000)]))[0] == 431
    sent, _ = await call([("x-long", "x" * (MAX_HEADERS - 1_000))])
    assert sent.status == 200


async def test_every_answer_has_an_id_of_its_own() -> None:
    ids = [(await call([]))[0].headers["x-wye-id"] for _ in range(3)]
    assert len(set(ids)) == 3
    assert all(one.startswith("wye-") for one in ids)


async def test_the_application_knows_the_id_that_the_answer_will_have() -> None:
    sent, app = await call([])
    assert app.scopes[0]["state"]["wye_id"] == sent.headers["x-wye-id"]


@pytest.mark.parametrize(
    ("client", "upstream", "expected"),
    [
        ("mine-1", None, "mine-1"),
        ("mine-1", "req_1", "req_1"),
        (None, "req_1", "req_1"),
        ("not one\u00e9", "req_1", "req_1"),
    ],
)
async def test_a_request_id_is_the_upstreams_else_the_clients(
    client: str | None, upstream: str | None, expected: str
) -> None:
    app = App(headers=[("x-request-id", upstream)] if upstream else [])
    sent, _ = await call([("x-request-id", client)] if client else [], app=app)
    assert sent.headers["x-request-id"] == expected


@pytest.mark.parametrize("bad", ["", "a b", "x" * 129, "a\nb", "\u00e9", "a,b", "<script>"])
async def test_a_clients_request_id_that_may_not_stand_in_a_log_is_not_taken(bad: str) -> None:
    assert client_request_id([(b"x-request-id", bad.encode("latin-1"))]) is None
    sent, _ = await call([("x-request-id", bad)])
    assert sent.headers["x-request-id"] == sent.headers["x-wye-id"]


async def test_an_error_that_nobody_caught_is_answered_here() -> None:
    sent, _ = await call([], app=App(raises=NotFound("Gone.", code="model_not_found"), begins=False))
    assert (sent.status, json.loads(sent.body)["error"]["code"]) == (404, "model_not_found")


async def test_a_fault_of_ours_is_answered_without_its_values_and_reported_with_its_place() -> None:
    events: list[Event] = []
    sent, _ = await call([], app=App(raises=ValueError("hunter2"), begins=False), events=events)
    assert (sent.status, json.loads(sent.body)["error"]["code"]) == (500, "internal_error")
    (event,) = events
    assert isinstance(event, Fault)
    assert (event.id, event.kind) == (sent.headers["x-wye-id"], "ValueError")
    assert event.where.startswith("test_edge.py:")
    assert "hunter2" not in f"{sent.body!r} {event}"


async def test_a_fault_in_the_middle_of_an_answer_breaks_it_off() -> None:
    events: list[Event] = []
    with pytest.raises(RuntimeError, match="after the answer had begun") as caught:
        await call([], app=App(raises=ValueError("hunter2")), events=events)
    assert [type(event) for event in events] == [Fault]
    assert caught.value.__suppress_context__


async def test_a_websocket_is_closed_before_it_is_open() -> None:
    app, sent = App(), Sent()
    await Edge(app, via="x", everywhere=True, emit=NOBODY)({"type": "websocket"}, Client().receive, sent.send)
    assert [message["type"] for message in sent.messages] == ["websocket.close"]
    assert app.scopes == []


async def test_the_life_of_the_server_is_the_applications() -> None:
    app, sent = App(), Sent()
    await Edge(app, via="x", everywhere=False, emit=NOBODY)({"type": "lifespan"}, Client().receive, sent.send)
    assert [one["type"] for one in app.scopes] == ["lifespan"]


async def test_what_comes_after_a_body_counts_for_nothing() -> None:
    request = scope(headers=[("x-team", "sales")])
    given = request["headers"]

    async def app(inner: Scope, _: Receive, send: Send) -> None:
        given.append((b"x-wye-force-provider", b"cloud"))  # as a server does with the trailers of a chunked body
        assert (b"x-wye-force-provider", b"cloud") not in inner["headers"]
        await send({"type": "http.response.start", "status": 204, "headers": []})

    sent = Sent()
    await Edge(app, via="x", everywhere=False, emit=NOBODY)(request, Client(b"").receive, sent.send)
    assert sent.status == 204
