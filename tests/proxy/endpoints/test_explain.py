from __future__ import annotations

import json
from typing import Any, cast

import msgspec
import pytest
from litestar import Litestar

from proxy.endpoints.asgi_types import ASGIApp, Scope
from proxy.endpoints.chat import chat_handler
from proxy.endpoints.explain import asks_why, explain_handler, send_explanation
from proxy.errors import BadRequest
from tests.fakes.asgi import Client, Sent, scope
from tests.fakes.asks import HELLO
from tests.fakes.exchanges import World, context
from tests.fakes.generations import generations_of
from tests.fakes.transport import FakeTransport, completion

pytestmark = pytest.mark.anyio

PATH = "/wye/explain"
MAX_BODY = 2_000
BODY = msgspec.json.encode({"model": "gpt-4o", "messages": HELLO})


async def call(client: Client, request: Scope | None = None, world: World | None = None) -> tuple[Sent, World]:
    here = world or World(FakeTransport(cloud=completion()))
    await here.begin()
    generations = generations_of(here, max_body=MAX_BODY)
    handlers = [chat_handler(generations, here.tasks), explain_handler(generations)]
    app = cast(ASGIApp, Litestar(route_handlers=handlers, openapi_config=None, logging_config=None))
    sent = Sent()
    await app(request or scope(path=PATH), client.receive, sent.send)
    await here.tasks.aclose()
    return sent, here


def error_of(sent: Sent) -> dict[str, Any]:
    assert sent.complete
    error: dict[str, Any] = json.loads(sent.body)["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    return error


@pytest.mark.parametrize("value", ["1", "true", "yes", " 1 ", "TRUE", "on"])
def test_a_header_asks_for_the_explanation(value: str) -> None:
    assert asks_why({"x-wye-explain": value})


@pytest.mark.parametrize("headers", [{}, *({"x-wye-explain": value} for value in ("", "0", "false", " No "))])
def test_without_it_or_with_a_no_nobody_asks(headers: dict[str, str]) -> None:
    assert not asks_why(headers)


@pytest.mark.parametrize(
    "request_",
    [
        scope(path=PATH),
        scope(path=f"{PATH}/"),
        scope(headers={"x-wye-explain": "1"}),
        scope(path="/chat/completions", headers={"x-wye-explain": "true"}),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_the_explanation_is_sent_whole_in_place_of_an_answer_and_nobody_is_asked(
    request_: Scope, stream: bool
) -> None:
    body = msgspec.json.encode({"model": "gpt-4o", "messages": HELLO, "stream": stream})
    sent, here = await call(Client(body[:10], body[10:]), request_)
    assert (sent.status, sent.complete) == (200, True)
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["x-wye-id"] == "wye-1"
    assert int(sent.headers["content-length"]) == len(sent.body)
    told = json.loads(sent.body)
    assert told["rule"] == "big models go to the cloud"
    assert told["candidates"] == [{"target": "cloud", "model": "gpt-4o"}]
    assert told["facts"]["stream"] is stream
    assert (here.transport.requests, here.events) == ([], [])


async def test_the_header_with_a_no_leaves_the_answer_as_it_is() -> None:
    sent, here = await call(Client(BODY), scope(headers={"x-wye-explain": "0"}))
    assert "choices" in json.loads(sent.body)
    assert "x-wye-explain" not in here.transport.requests[0].headers


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
async def test_only_post_is_allowed(method: str) -> None:
    sent, _ = await call(Client(b""), scope(method, PATH))
    assert (sent.status, sent.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"model":"m"}', b'{"messages":5}', b'{"a":1,"a":2}'])
@pytest.mark.parametrize("request_", [scope(path=PATH), scope(headers={"x-wye-explain": "1"})])
async def test_a_body_that_cannot_be_read_is_a_bad_request(body: bytes, request_: Scope) -> None:
    sent, here = await call(Client(body), request_)
    assert (sent.status, error_of(sent)["type"]) == (400, "invalid_request_error")
    assert here.transport.requests == []


async def test_preferences_that_cannot_be_read_are_a_bad_request() -> None:
    sent, _ = await call(Client(BODY), scope(path=PATH, headers={"x-wye-label": "a b"}))
    assert sent.status == 400


async def test_a_body_that_is_too_large_is_refused_and_then_taken_in() -> None:
    client = Client(*[b"x" * 1_000] * 5)
    sent, _ = await call(client)
    assert (sent.status, error_of(sent)["code"]) == (413, "request_too_large")
    assert client.received == 5


async def test_a_client_that_leaves_before_its_request_is_complete_gets_nothing() -> None:
    sent, _ = await call(Client(b'{"mess', leaves=True))
    assert sent.messages == []


async def test_what_cannot_be_explained_is_raised_for_the_handler_to_say() -> None:
    here, sent = World(FakeTransport()), Sent()
    await here.begin()
    with pytest.raises(BadRequest):
        await send_explanation(here.exchange, context(messages=[]), sent.send)
    assert sent.messages == []
