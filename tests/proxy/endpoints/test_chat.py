from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import msgspec
import pytest
from litestar import Litestar

from proxy.endpoints.asgi_types import ASGIApp, Scope
from proxy.endpoints.body import ClientLeft
from proxy.endpoints.chat import PATHS, chat_handler, leaving, read_context, refuse_other_methods
from proxy.errors import MethodNotAllowed
from proxy.pipeline.preferences import brought_labels
from proxy.tasks import Tasks
from tests.fakes.asgi import Client, Sent, scope
from tests.fakes.asks import HELLO
from tests.fakes.exchanges import World
from tests.fakes.transport import DONE, STOP, FakeTransport, chunk, completion, stream

pytestmark = pytest.mark.anyio

MAX_BODY = 2_000
BODY = msgspec.json.encode({"model": "llama3.2", "messages": HELLO})
STREAM = msgspec.json.encode({"model": "gpt-4o", "messages": HELLO, "stream": True})
Make = Callable[..., World]


@pytest.fixture
async def world() -> AsyncIterator[Make]:
    made: list[World] = []

    def make(**answers: Any) -> World:
        made.append(World(FakeTransport(**answers)))
        return made[-1]

    yield make
    for one in made:
        await one.tasks.aclose()


async def call(world: World, client: Client, request: Scope | None = None) -> Sent:
    await world.begin()
    handler = chat_handler(world.exchange, world.tasks, MAX_BODY, 1e9)
    app = cast(ASGIApp, Litestar(route_handlers=[handler], openapi_config=None, logging_config=None))
    sent = Sent()
    await app(request or scope(), client.receive, sent.send)
    return sent


def error_of(sent: Sent) -> dict[str, Any]:
    assert sent.complete
    error: dict[str, Any] = json.loads(sent.body)["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    return error


@pytest.mark.parametrize("path", [*PATHS, "/v1/chat/completions/"])
async def test_a_request_is_answered_on_every_path_that_sdks_use(world: Make, path: str) -> None:
    sent = await call(world(local=completion("hi")), Client(BODY[:10], BODY[10:]), scope(path=path))
    assert sent.status == 200
    assert json.loads(sent.body)["choices"][0]["message"]["content"] == "hi"
    assert sent.headers["x-wye-target"] == "local:llama3.2"
    assert sent.complete


async def test_a_stream_is_sent_as_events(world: Make) -> None:
    sent = await call(world(cloud=stream(chunk("a"), chunk("b"), STOP, DONE)), Client(STREAM))
    assert sent.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert sent.pieces == [chunk("a"), chunk("b"), STOP, DONE]
    assert "content-length" not in sent.headers


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
async def test_only_post_is_allowed_and_the_answer_says_so(world: Make, method: str) -> None:
    sent = await call(world(), Client(b""), scope(method))
    assert (sent.status, sent.headers["allow"]) == (405, "POST")
    with pytest.raises(MethodNotAllowed):
        refuse_other_methods(scope(method))


async def test_a_body_that_cannot_be_read_is_a_bad_request(world: Make) -> None:
    sent = await call(world(), Client(b'{"messages":5}'))
    assert (sent.status, error_of(sent)["param"]) == (400, "messages")


async def test_a_body_that_is_too_large_is_refused_and_then_taken_in(world: Make) -> None:
    here, client = world(), Client(*[b"x" * 1_000] * 5)
    sent = await call(here, client)
    assert (sent.status, error_of(sent)["code"]) == (413, "request_too_large")
    assert sent.headers["connection"] == "close"
    assert client.received == 5
    assert here.events == []


async def test_a_client_that_leaves_before_its_request_is_complete_gets_nothing(world: Make) -> None:
    here = world()
    sent = await call(here, Client(b'{"mess', leaves=True))
    assert (sent.messages, here.transport.requests) == ([], [])


async def test_a_client_that_leaves_while_it_waits_cancels_the_upstream(world: Make) -> None:
    here, client = world(cloud=stream(asyncio.Event())), Client(STREAM)
    calling = asyncio.ensure_future(call(here, client))
    await here.transport.asked.wait()
    client.left.set()
    sent = await calling
    assert sent.messages == []
    assert here.settled.status == 499
    assert [body.closed for body in here.transport.bodies] == [1]


async def test_a_client_that_leaves_a_stream_cancels_the_upstream(world: Make) -> None:
    client = Client(STREAM)

    class Leaver(Sent):
        async def send(self, message: Any) -> None:
            await super().send(message)
            if message.get("body"):
                client.left.set()

    here = world(cloud=stream(chunk("a"), asyncio.Event()))
    await here.begin()
    handler = chat_handler(here.exchange, here.tasks, MAX_BODY, 1e9)
    app, sent = cast(ASGIApp, Litestar([handler], openapi_config=None, logging_config=None)), Leaver()
    await app(scope(), client.receive, sent.send)
    assert (sent.pieces, sent.complete) == ([chunk("a")], False)
    assert here.settled.status == 499
    assert [body.closed for body in here.transport.bodies] == [1]


# --- what is taken in ---


def test_header_names_and_values_are_read_as_they_came() -> None:
    given = scope(headers=[("x-team", "caf\u00e9"), ("x-wye-label", "legal")], query="a=b&c")
    context = read_context(given, b"{}")
    assert (context.id, context.endpoint, context.body) == ("wye-1", "chat", b"{}")
    assert context.headers["x-team"] == "caf\u00e9"
    assert context.address == "/v1/chat/completions?a=b&c"


def test_a_label_in_the_first_of_two_headers_is_not_lost_to_the_second() -> None:
    context = read_context(scope(headers=[("x-wye-label", "private"), ("x-wye-label", "legal")]), b"")
    assert brought_labels(context.headers, {}).labels == {"private", "legal"}


# --- leaving ---


async def test_whoever_stays_is_not_disturbed() -> None:
    tasks, client = Tasks(), Client()
    async with leaving(client.receive, tasks):
        await asyncio.sleep(0)
    client.left.set()
    await asyncio.sleep(0)
    await tasks.aclose()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_whoever_leaves_cancels_what_is_done_for_it_and_nothing_after_it() -> None:
    tasks, client = Tasks(), Client()
    client.left.set()
    with pytest.raises(ClientLeft):
        async with leaving(client.receive, tasks):
            await asyncio.Event().wait()
    await asyncio.sleep(0)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await tasks.aclose()


async def test_a_server_that_stops_is_no_client_that_leaves() -> None:
    tasks, client = Tasks(), Client()

    async def work() -> None:
        async with leaving(client.receive, tasks):
            await asyncio.Event().wait()

    working = asyncio.ensure_future(work())
    await asyncio.sleep(0)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    await tasks.aclose()


async def test_an_error_of_what_is_done_comes_through() -> None:
    tasks, client = Tasks(), Client()
    with pytest.raises(ValueError, match="no"):
        async with leaving(client.receive, tasks):
            raise ValueError("no")
    await tasks.aclose()


def test_a_query_is_read_as_its_sender_wrote_it_and_spaces_around_a_value_are_none() -> None:
    given = scope(headers=[("x-team", " \tlegal ")], query="q=my+password%20is%3Dx")
    context = read_context(given, b"")
    assert context.address == "/v1/chat/completions?q=my password is=x"
    assert context.headers["x-team"] == "legal"
