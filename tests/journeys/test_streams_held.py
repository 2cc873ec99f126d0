"""Clients that leave, clients that do not read, upstreams that are silent for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.server import Handler, Request, Wire
from tests.fakes.upstream import DONE, SSE, FakeOpenAI, endless, error, event, meta, opened, silence
from tests.journeys.raw import Raw, chat, chats, documents, ready, sdk
from tests.wye_process import Wye, one_target

Json = dict[str, Any]
KEEP_ALIVE = b": keep-alive\n"
AT_ONCE_S = 1.0  # how soon an upstream must know that its client has left


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


NARROW = """
[target.narrow]
kind = "openai"
url = "{url}"
max_in_flight = 1
queue = {{ size = 1, timeout = "10s" }}
[[rule]]
name = "all"
use = ["up"]
"""


@pytest.fixture(scope="module")
def wye(upstream: FakeOpenAI) -> Iterator[Wye]:
    with Wye(one_target(upstream.base_url)) as server:
        yield ready(server)


@pytest.fixture(scope="module")
def hasty(upstream: FakeOpenAI) -> Iterator[Wye]:
    """A wye that commits a stream early and keeps it alive often."""
    url, often = upstream.base_url, 'grace = "100ms"\nkeep_alive = "50ms"'
    with Wye(one_target(url, server=often, rules=NARROW.format(url=url))) as server:
        yield ready(server)


@pytest.fixture(autouse=True)
def _usual_script(upstream: FakeOpenAI) -> None:
    upstream.script = None


def chunk(delta: Json, reason: str | None = None) -> Json:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    shell = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini"}
    return {**shell, "choices": [choice]}


ROLE, CONTENT, END = chunk({"role": "assistant", "content": ""}), chunk({"content": "word "}), chunk({}, "stop")


def left(wye: Wye) -> list[Json]:
    """The exchanges whose client left."""
    return [one for one in wye.events if one["event"] == "exchange.settled" and one["status"] == 499]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("which", ["wye", "hasty"])
def test_a_client_that_leaves_before_the_first_word_frees_the_upstream(
    request: pytest.FixtureRequest, upstream: FakeOpenAI, which: str, streamed: bool
) -> None:
    wye: Wye = request.getfixturevalue(which)
    upstream.script, before = silence(), (len(chats(upstream)), len(left(wye)))
    with Raw(wye, chat(stream=streamed)) as raw:
        upstream.wait_for(lambda _: len(chats(upstream)) == before[0] + 1)
        if which == "hasty" and streamed:
            raw.until(KEEP_ALIVE)
        raw.leave()
        assert chats(upstream)[-1].gone.wait(AT_ONCE_S)
    wye.wait_for(lambda _: len(left(wye)) == before[1] + 1)


def test_a_client_that_leaves_in_the_middle_frees_the_upstream(wye: Wye, upstream: FakeOpenAI) -> None:
    upstream.script = endless(CONTENT, every_s=0.02)
    with Raw(wye, chat(stream=True)) as raw:
        raw.until(b"word ")
        raw.leave()
        assert chats(upstream)[-1].gone.wait(AT_ONCE_S)
        settled = wye.settled(raw.headers["x-wye-id"])
    assert (settled["status"], settled["target"], settled["attempts"]) == (499, "up", 1)


def test_a_client_that_leaves_while_the_upstream_is_silent_frees_it(wye: Wye, upstream: FakeOpenAI) -> None:
    async def halting(_: Request, wire: Wire) -> None:
        await wire.start(200, SSE)
        await wire.write(event(ROLE) + event(CONTENT))
        await wire.gone()

    upstream.script = halting
    with Raw(wye, chat(stream=True)) as raw:
        raw.until(b"word ")
        raw.leave()
        assert chats(upstream)[-1].gone.wait(AT_ONCE_S)
        assert wye.settled(raw.headers["x-wye-id"])["status"] == 499


def test_after_many_have_left_everything_still_works(wye: Wye, upstream: FakeOpenAI) -> None:
    upstream.script, before = endless(CONTENT, every_s=0.01), len(chats(upstream))
    for _ in range(20):
        with Raw(wye, chat(stream=True)) as raw:
            raw.until(b"word ")
    upstream.wait_for(lambda _: all(request.gone.is_set() for request in chats(upstream)[before:]))
    upstream.script = None
    with Raw(wye, chat(stream=True)) as raw:
        assert documents(raw.rest())[-1]["choices"][0]["finish_reason"] == "stop"


def test_a_client_that_leaves_frees_its_place_in_the_queue_and_at_the_target(hasty: Wye, upstream: FakeOpenAI) -> None:
    upstream.script, before = endless(CONTENT, every_s=0.02), len(chats(upstream))
    with Raw(hasty, chat(stream=True, model="narrow:gpt-4o")) as busy:
        busy.until(b"word ")
        for _ in range(3):  # one place in the queue, used three times
            with Raw(hasty, chat(stream=True, model="narrow:gpt-4o")) as waiting:
                waiting.until(KEEP_ALIVE)
            assert hasty.settled(waiting.headers["x-wye-id"])["status"] == 499
        assert len(chats(upstream)) == before + 1
        upstream.script = None
        with Raw(hasty, chat(model="narrow:gpt-4o")) as next_one:
            busy.leave()
            assert next_one.answer.status == 200
            next_one.rest()


def memory_of(wye: Wye) -> int:
    """The resident memory of a wye, in bytes."""
    status = Path(f"/proc/{wye.process.pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def settles(value: Callable[[], int], for_s: float = 0.5, within_s: float = 20) -> int:
    """Return a value once it has stopped changing."""
    until, since, last = time.monotonic() + within_s, time.monotonic(), value()
    while time.monotonic() - since < for_s:
        assert time.monotonic() < until, f"still changing: {last}"
        time.sleep(0.02)
        if (now := value()) != last:
            since, last = time.monotonic(), now
    return last


def test_a_client_that_does_not_read_holds_the_upstream_back(wye: Wye, upstream: FakeOpenAI) -> None:
    wires: list[Wire] = []

    async def flooding(request: Request, wire: Wire) -> None:
        wires.append(wire)
        await endless(chunk({"content": "x" * 4000}))(request, wire)

    upstream.script = flooding
    with Raw(wye, chat(stream=True)) as raw:
        raw.until(b"xxx")
        before = memory_of(wye)
        written = settles(lambda: wires[0].written)
        assert written < 64 * 2**20  # what the sockets on the way hold
        assert memory_of(wye) - before < 16 * 2**20
        raw.until(b"x" * 3000)
        raw.leave()
        assert chats(upstream)[-1].gone.wait(AT_ONCE_S)


def held(release: threading.Event, then: Handler) -> Handler:
    """Say nothing, not even a status, until the event is set."""

    async def handle(request: Request, wire: Wire) -> None:
        await opened(release)
        await then(request, wire)

    return handle


def test_a_stream_that_takes_long_to_begin_is_kept_alive(hasty: Wye, upstream: FakeOpenAI) -> None:
    go_on = threading.Event()

    async def usual(_: Request, wire: Wire) -> None:
        await wire.start(200, {**SSE, **meta()})
        await wire.write(b"".join(map(event, (ROLE, CONTENT, END))) + DONE)
        await wire.end()

    upstream.script = held(go_on, usual)
    with Raw(hasty, chat(stream=True)) as raw:
        assert raw.headers["x-wye-target"] == "pending"
        assert raw.headers["content-type"].startswith("text/event-stream")
        raw.until(KEEP_ALIVE * 2)
        go_on.set()
        body = raw.rest()
        settled = hasty.settled(raw.headers["x-wye-id"])
    comments = body.count(KEEP_ALIVE)
    assert body == KEEP_ALIVE * comments + b"".join(map(event, (ROLE, CONTENT, END))) + DONE
    assert (settled["status"], settled["target"]) == (200, "up")


def test_a_silence_in_the_middle_is_kept_alive(hasty: Wye, upstream: FakeOpenAI) -> None:
    go_on = threading.Event()

    async def halting(_: Request, wire: Wire) -> None:
        await wire.start(200, SSE)
        await wire.write(event(ROLE) + event(CONTENT))
        await opened(go_on)
        await wire.write(event(END) + DONE)
        await wire.end()

    upstream.script = halting
    with Raw(hasty, chat(stream=True)) as raw:
        assert raw.headers["x-wye-target"] == "up:gpt-4o-mini"
        raw.until(event(CONTENT) + KEEP_ALIVE * 2)
        go_on.set()
        assert documents(raw.rest()) == [ROLE, CONTENT, END]


def test_a_comment_never_cuts_an_event(hasty: Wye, upstream: FakeOpenAI) -> None:
    async def flowing(_: Request, wire: Wire) -> None:
        await wire.start(200, SSE)
        await wire.write(event(CONTENT) * 2000)
        await wire.write(event(END) + DONE)
        await wire.end()

    upstream.script = flowing
    with Raw(hasty, chat(stream=True)) as raw:
        assert raw.rest().replace(KEEP_ALIVE, b"") == event(CONTENT) * 2000 + event(END) + DONE


def test_a_failure_after_early_headers_is_said_in_the_stream(hasty: Wye, upstream: FakeOpenAI) -> None:
    go_on = threading.Event()
    upstream.script = held(go_on, error(429, "rate_limit_exceeded", "too many"))
    with Raw(hasty, chat(stream=True)) as raw:
        raw.until(KEEP_ALIVE)
        go_on.set()
        (last,) = documents(raw.rest())
        settled = hasty.settled(raw.headers["x-wye-id"])
    assert (last["error"]["message"], last["error"]["code"]) == ("too many", "rate_limit_exceeded")
    assert (raw.answer.status, settled["status"], settled["attempts"]) == (200, 429, 1)


def test_the_sdk_reads_a_stream_that_is_kept_alive(hasty: Wye, upstream: FakeOpenAI) -> None:
    go_on = threading.Event()
    upstream.script = held(go_on, upstream._chat)
    asked: Json = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]}
    with sdk(hasty).chat.completions.create(stream=True, **asked) as answer:
        assert answer.response.headers["x-wye-target"] == "pending"
        go_on.set()
        said = [one.choices[0].delta.content or "" for one in answer]
    assert "".join(said) == "openai:gpt-4o-mini: hello"
