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
from proxy.endpoints.chat import PATHS, chat_handler, leaving
from proxy.tasks import Tasks
from tests.fakes.asgi import Client, Sent, scope
from tests.fakes.asks import HELLO
from tests.fakes.exchanges import World
from tests.fakes.generations import generation_of, generations_of
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
    handler = chat_handler(generations_of(world, max_body=MAX_BODY, keep_alive=1e9), world.tasks)
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
    handler = chat_handler(generations_of(here, max_body=MAX_BODY, keep_alive=1e9), here.tasks)
    app, sent = cast(ASGIApp, Litestar([handler], openapi_config=None, logging_config=None)), Leaver()
    await app(scope(), client.receive, sent.send)
    assert (sent.pieces, sent.complete) == ([chunk("a")], False)
    assert here.settled.status == 499
    assert [body.closed for body in here.transport.bodies] == [1]


async def test_a_stream_ends_by_the_rules_it_began_with_and_holds_them_until_then(world: Make) -> None:
    begun = asyncio.Event()

    class Begun(Sent):
        async def send(self, message: Any) -> None:
            await super().send(message)
            if message.get("body"):
                begun.set()

    go, client, sent = asyncio.Event(), Client(STREAM), Begun()
    old, new = (
        world(cloud=stream(chunk("a"), go, chunk("b"), STOP, DONE)),
        world(cloud=stream(chunk("new"), STOP, DONE)),
    )
    generations = generations_of(old)
    await old.begin()
    await new.begin()
    handler = chat_handler(generations, old.tasks)
    app = cast(ASGIApp, Litestar([handler], openapi_config=None, logging_config=None))
    calling = asyncio.ensure_future(app(scope(), client.receive, sent.send))
    await asyncio.wait_for(begun.wait(), 5)
    first, second = generations.current, generation_of(new)
    generations.swap(second)
    assert generations.in_use() == [second, first]
    later = Sent()
    await app(scope(), Client(STREAM).receive, later.send)
    assert later.pieces == [chunk("new"), STOP, DONE]
    go.set()
    await calling
    assert (sent.pieces, sent.complete) == ([chunk("a"), chunk("b"), STOP, DONE], True)
    assert generations.in_use() == [second]


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
