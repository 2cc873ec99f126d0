from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from proxy.errors import (
    BadRequest,
    EgressRefused,
    Forbidden,
    NoTarget,
    NotFound,
    ProxyError,
    Unsupported,
    UpstreamAnswered,
)
from proxy.facts import request_facts
from proxy.pipeline import decider
from proxy.pipeline.context import Context, Reply, StreamBody
from proxy.pipeline.relay import Relay
from proxy.telemetry.events import AttemptFailed
from proxy.telemetry.facts_log import FactsLog, read_traffic
from routing_rules import Labelled, Rule
from tests.fakes.exchanges import World, context
from tests.fakes.transport import DONE, LAST, STOP, FakeTransport, chunk, completion, failure, reply, stream

pytestmark = pytest.mark.anyio

Make = Callable[..., World]
SECRET = [{"role": "user", "content": "my password is " + "hunter2"}]


@pytest.fixture
async def world() -> AsyncIterator[Make]:
    """Make worlds, and close what runs in them."""
    made: list[World] = []

    def make(**answers: Any) -> World:
        settings = {name: answers.pop(name) for name in ("grace_s", "rules", "direct", "alias") if name in answers}
        made.append(World(FakeTransport(**answers), **settings))
        return made[-1]

    yield make
    for one in made:
        await one.tasks.aclose()


async def answered(world: World, request: Context) -> Reply:
    await world.begin()
    return await world.exchange.answer(request)


async def refused(world: World, request: Context, kind: type[ProxyError]) -> ProxyError:
    with pytest.raises(kind) as caught:
        await answered(world, request)
    return caught.value


def body_of(reply: Reply) -> StreamBody:
    assert not isinstance(reply.body, bytes)
    return reply.body


async def read(reply: Reply) -> bytes:
    body = body_of(reply)
    try:
        return b"".join([piece async for piece in body.pieces()])
    finally:
        await body.aclose()


# --- whole answers ---


async def test_a_whole_answer_says_who_gave_it_and_is_settled(world: Make) -> None:
    here = world(local=completion("hi"))
    got = await answered(here, context(model="llama3.2"))
    assert isinstance(got.body, bytes)
    assert json.loads(got.body)["choices"][0]["message"]["content"] == "hi"
    assert got.headers == {
        "content-type": "application/json",
        "x-wye-id": "wye-1",
        "x-wye-target": "local:llama3.2",
        "x-wye-rule": "everything else",
        "x-wye-attempts": "1",
    }
    event = here.settled
    assert (event.status, event.target, event.model, event.rule) == (200, "local", "llama3.2", "everything else")
    assert (event.tokens_in, event.tokens_out, event.attempts, event.stream) == (3, 2, 1, False)
    assert [body.closed for body in here.transport.bodies] == [1]


async def test_what_was_left_out_is_named(world: Make) -> None:
    got = await answered(world(local=completion()), context(logit_bias={"1": 1}, tool_choice="required"))
    assert got.headers["x-wye-dropped"] == "logit_bias,tool_choice"


async def test_an_upstreams_headers_are_handed_on_and_ours_go_before_them(world: Make) -> None:
    spoofed = {"x-request-id": "req_1", "x-wye-target": "spoofed", "content-type": "text/plain", "set-cookie": "a=b"}
    got = await answered(world(cloud=reply(200, {"choices": []}, spoofed)), context(model="gpt-4o"))
    assert (got.headers["x-request-id"], got.headers["x-wye-target"]) == ("req_1", "cloud:gpt-4o")
    assert got.headers["content-type"] == "application/json"
    assert "set-cookie" not in got.headers


async def test_the_next_candidate_takes_over_and_the_answer_says_so(world: Make) -> None:
    here = world(local=failure(500), cloud=completion("cloudy"))
    got = await answered(here, context())
    assert (got.headers["x-wye-target"], got.headers["x-wye-attempts"]) == ("cloud:gpt-4o", "2")
    assert [event.failure for event in here.events if isinstance(event, AttemptFailed)] == ["server_error"]
    assert (here.settled.attempts, here.settled.target) == (2, "cloud")


# --- labels ---


@pytest.mark.parametrize(
    "request_",
    [
        context(messages=SECRET, model="gpt-4o"),
        context(messages=SECRET, model="cloud:gpt-4o"),
        context(messages=SECRET, model="openai:gpt-4o"),
        context(messages=SECRET, model="gpt-4o", stream=True),
        context({"x-wye-force-provider": "cloud"}, messages=SECRET),
        context({"x-wye-label": "anything"}, model="gpt-4o"),
        context({"x-wye-privacy-level": "high"}, model="gpt-4o"),
        context(model="gpt-4o", routing_preferences={"privacy_level": "max"}),
        context(model="gpt-4o", x_unknown={"api_key": "abcd" + "1234"}),
    ],
)
async def test_a_labelled_request_is_sent_to_nobody_who_does_not_accept_it(world: Make, request_: Context) -> None:
    here = world(cloud=completion(), local=completion())
    error = await refused(here, request_, EgressRefused)
    assert (error.status, error.code, error.headers["x-should-retry"]) == (403, "egress_refused", "false")
    assert here.transport.hosts == []
    assert (here.settled.status, here.settled.code, here.settled.attempts) == (403, "egress_refused", 0)
    assert here.settled.labels
    assert "hunter2" not in error.message


async def test_a_labelled_request_goes_to_whoever_accepts_it_and_stays_there(world: Make) -> None:
    here = world(local=failure(500), cloud=completion())
    await refused(here, context(messages=SECRET), UpstreamAnswered)
    assert here.transport.hosts == ["local"]
    assert here.settled.labels == ("private",)


async def test_an_answer_names_its_labels(world: Make) -> None:
    got = await answered(world(local=completion()), context({"x-wye-label": "legal, audit"}, messages=SECRET))
    assert got.headers["x-wye-labels"] == "audit,legal,private"


async def test_a_detector_that_fails_keeps_the_request_at_home(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> bool:
        raise ValueError

    monkeypatch.setitem(request_facts._DETECTORS, "secrets", fail)
    here = world(local=completion(), cloud=completion())
    await refused(here, context(model="gpt-4o"), EgressRefused)
    got = await answered(here, context(model="llama3.2"))
    assert got.headers["x-wye-labels"] == "private"
    assert here.transport.hosts == ["local"]


async def test_a_large_body_is_looked_through_in_a_thread(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []

    def look(text: str) -> bool:
        threads.append(threading.get_ident())
        return "hunter2" in text

    monkeypatch.setitem(request_facts._DETECTORS, "secrets", look)
    monkeypatch.setattr(request_facts, "LARGE_BYTES", 200)
    here = world(local=completion(), cloud=completion())
    await answered(here, context())
    await refused(here, context(model="gpt-4o", messages=SECRET, filler="x" * 200), EgressRefused)
    assert threads[0] == threading.get_ident()
    assert threads[1] != threading.get_ident()


async def test_facts_that_no_rule_asks_for_are_found_in_the_thread_of_the_facts_log(
    world: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[str, str]] = []

    def look(name: str) -> Callable[[str], bool]:
        return lambda _: asked.append((name, threading.current_thread().name)) or False  # type: ignore[func-returns-value]

    for name in ("secrets", "pii.email"):
        monkeypatch.setitem(request_facts._DETECTORS, name, look(name))
    here, path = world(local=completion(), cloud=completion()), tmp_path / "facts.jsonl"
    log = FactsLog(path, ("secrets", "pii.email"), 10**9, here.events.append)
    here.exchange._facts_log = log
    await answered(here, context())
    await answered(here, context({"x-wye-label": "legal"}))
    log.close()
    main = threading.current_thread().name
    assert sorted(asked) == [("pii.email", "facts-log"), ("secrets", main), ("secrets", main)]
    assert [(line.facts, line.labels) for line in read_traffic(path).requests] == [
        ({"pii.email": False, "secrets": False}, ()),
        ({}, ("legal",)),
    ]


# --- refusals ---


async def test_a_request_that_cannot_be_read_is_settled_too(world: Make) -> None:
    here = world()
    error = await refused(here, Context(id="wye-1", endpoint="chat", headers={}, body=b"{", address="/"), BadRequest)
    assert error.headers == {"x-wye-id": "wye-1"}
    assert (here.settled.status, here.settled.rule) == (400, None)


async def test_a_model_that_no_target_has_is_not_found(world: Make) -> None:
    here = world(rules=(Rule(name="all", use=("spare",)),))
    here.fleet.listed("spare", [])
    error = await refused(here, context(model="gpt-4o"), NotFound)
    assert (error.code, error.param) == ("model_not_found", "model")


async def test_a_target_that_clients_may_not_name_is_forbidden(world: Make) -> None:
    here = world(direct="deny")
    assert (await refused(here, context(model="cloud:gpt-4o"), Forbidden)).param == "model"
    assert here.transport.hosts == []


async def test_labels_are_the_reason_that_is_told_first(world: Make) -> None:
    rules = (Rule(name="all", use=("cloud",)),)
    error = await refused(world(rules=rules), context(messages=SECRET), EgressRefused)
    assert "'all'" in error.message
    assert "private" in error.message


async def test_targets_that_are_all_down_are_no_target(world: Make) -> None:
    down = httpx.ConnectError("All connection attempts failed")
    here = world(local=down, cloud=down)
    error = await refused(here, context(), NoTarget)
    assert (error.status, error.headers["x-wye-attempts"]) == (503, "2")
    assert here.settled.attempts == 2


async def test_a_fault_of_ours_is_settled_as_one(world: Make) -> None:
    here = world(local=RuntimeError("a bug"))
    await here.begin()
    with pytest.raises(RuntimeError):
        await here.exchange.answer(context())
    assert here.settled.status == 500


# --- streams ---


async def test_a_stream_is_handed_on_and_settled_at_its_end(world: Make) -> None:
    here = world(cloud=stream(chunk("a"), chunk("b"), STOP, LAST, DONE, headers={"x-request-id": "req_1"}))
    got = await answered(here, context(model="gpt-4o", stream=True))
    assert got.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (got.headers["x-wye-target"], got.headers["x-request-id"]) == ("cloud:gpt-4o", "req_1")
    assert here.events == []
    assert await read(got) == chunk("a") + chunk("b") + STOP + DONE
    assert (here.settled.status, here.settled.stream, here.settled.tokens_out) == (200, True, 2)
    assert here.settled.first_ms is not None
    assert [body.closed for body in here.transport.bodies] == [1]


async def test_a_stream_that_fails_before_content_is_taken_over(world: Make) -> None:
    here = world(local=stream(httpx.ReadError("cut")), cloud=stream(chunk("a"), STOP, DONE))
    got = await answered(here, context(stream=True))
    assert got.headers["x-wye-target"] == "cloud:gpt-4o"
    assert b'"a"' in await read(got)
    assert [body.closed for body in here.transport.bodies] == [1, 1]


async def test_a_stream_that_breaks_after_content_ends_with_an_error_and_done(world: Make) -> None:
    here = world(cloud=stream(chunk("a"), httpx.ReadError("cut")), local=stream(chunk("never"), STOP, DONE))
    written = await read(await answered(here, context(model="gpt-4o", stream=True)))
    first, error, done, rest = written.split(b"\n\n")
    assert first + b"\n\n" == chunk("a")
    assert json.loads(error.removeprefix(b"data: "))["error"]["code"] == "upstream_error"
    assert (done, rest) == (b"data: [DONE]", b"")
    assert here.transport.hosts == ["cloud"]
    assert (here.settled.status, here.settled.code) == (502, "upstream_error")


async def test_a_stream_that_nobody_begins_is_an_error_with_a_status(world: Make) -> None:
    here = world(local=failure(500), cloud=failure(503))
    error = await refused(here, context(stream=True), UpstreamAnswered)
    assert (error.status, error.headers["x-should-retry"]) == (500, "false")
    assert here.settled.status == 500


async def test_a_client_that_leaves_a_stream_is_nobodys_failure(world: Make) -> None:
    here = world(cloud=stream(chunk("a"), asyncio.Event()))
    body = body_of(await answered(here, context(model="gpt-4o", stream=True)))
    pieces = body.pieces()
    assert await anext(pieces) == chunk("a")
    await pieces.aclose()  # type: ignore[attr-defined]
    await body.aclose()
    assert (here.settled.status, here.settled.code) == (499, None)
    assert [one.closed for one in here.transport.bodies] == [1]


async def test_a_stream_that_nobody_reads_is_closed_and_settled(world: Make) -> None:
    here = world(cloud=stream(chunk("a"), STOP, DONE))
    await body_of(await answered(here, context(model="gpt-4o", stream=True))).aclose()
    assert here.settled.status == 499
    assert [one.closed for one in here.transport.bodies] == [1]


async def test_headers_go_out_before_a_slow_upstream_has_begun(world: Make) -> None:
    loaded = asyncio.Event()
    here = world(local=stream(loaded, chunk("a"), STOP, LAST, DONE), grace_s=0.001)
    got = await answered(here, context(stream=True))
    assert got.headers["x-wye-target"] == "pending"
    assert got.headers["x-wye-rule"] == "everything else"
    loaded.set()
    written = await read(got)
    assert b'"content":"a"' in written
    assert written.endswith(DONE)
    assert (here.settled.target, here.settled.status, here.settled.attempts) == ("local", 200, 1)


async def test_a_failure_after_the_headers_is_said_in_the_stream(world: Make) -> None:
    loaded = asyncio.Event()
    here = world(cloud=stream(loaded, httpx.ReadError("cut")), grace_s=0.001)
    got = await answered(here, context(model="gpt-4o", stream=True))
    loaded.set()
    error, done, _ = (await read(got)).split(b"\n\n")
    assert json.loads(error.removeprefix(b"data: "))["error"].keys() == {"message", "type", "param", "code"}
    assert done == b"data: [DONE]"
    assert (here.settled.status, here.settled.attempts, here.settled.target) == (502, 1, None)


async def test_a_client_that_leaves_while_it_waits_frees_the_upstream(world: Make) -> None:
    here = world(local=stream(asyncio.Event()))
    await here.begin()
    waiting = asyncio.ensure_future(here.exchange.answer(context(stream=True)))
    await here.transport.asked.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert here.settled.status == 499
    assert [one.closed for one in here.transport.bodies] == [1]


async def test_a_client_that_leaves_after_the_headers_frees_the_upstream(world: Make) -> None:
    here = world(local=stream(asyncio.Event()), grace_s=0.001)
    body = body_of(await answered(here, context(stream=True)))
    await here.transport.asked.wait()
    await body.aclose()
    assert here.settled.status == 499
    assert [one.closed for one in here.transport.bodies] == [1]


async def test_the_rules_see_the_clients_name_and_the_target_gets_its_own() -> None:
    here = World(FakeTransport(cloud=completion()), alias={"big": "cloud:gpt-4o"})
    got = await answered(here, context(model="big"))
    assert got.headers["x-wye-target"] == "cloud:gpt-4o"
    assert json.loads(here.transport.requests[0].content)["model"] == "gpt-4o"
    assert here.transport.requests[0].headers["authorization"] == "Bearer sk-cloud"


async def test_a_header_that_travels_is_text_too(world: Make) -> None:
    here = world(cloud=completion())
    await refused(here, context({"openai-beta": "password=" + "hunter2"}, model="gpt-4o"), EgressRefused)
    await answered(here, context({"x-other": "password=" + "hunter2"}, model="gpt-4o"))
    assert here.transport.hosts == ["cloud"]


async def test_a_named_target_is_named_in_the_refusal(world: Make) -> None:
    error = await refused(world(), context(model="cloud:gpt-4o", messages=SECRET), EgressRefused)
    assert error.message == "The named target 'cloud' may not be given a request labelled private. Nothing was sent."


# --- labels of earlier exchanges ---

ANNA = [{"role": "user", "content": "My name is Anna Berg, and I was born in Graz."}]
LABELLED = {"x-wye-label": "private"}


async def test_a_label_binds_what_goes_on_with_it(world: Make) -> None:
    here = world(local=completion())
    await answered(here, context(LABELLED, messages=ANNA))
    error = await refused(here, context(model="cloud:gpt-4o", messages=ANNA), EgressRefused)
    assert error.headers["x-wye-labels"] == "private"
    assert here.transport.hosts == ["local"]


async def test_a_label_binds_as_soon_as_it_is_known_whatever_becomes_of_its_request(world: Make) -> None:
    here = world(cloud=completion())
    await refused(here, context(LABELLED, model="cloud:gpt-4o", messages=ANNA), EgressRefused)
    await refused(here, context(model="cloud:gpt-4o", messages=ANNA), EgressRefused)
    assert here.transport.hosts == []


async def test_a_whole_reply_is_remembered_with_its_request(world: Make) -> None:
    here = world(local=completion("hello Anna"), cloud=completion())
    hi = {"role": "user", "content": "hi"}
    await answered(here, context(LABELLED, messages=[hi]))
    talk = [hi, {"role": "assistant", "content": "hello Anna"}, hi]
    await refused(here, context(model="gpt-4o", messages=talk), EgressRefused)
    await answered(here, context(model="gpt-4o", messages=[hi]))
    assert here.transport.hosts == ["local", "cloud"]


async def test_what_one_caller_said_binds_no_other(world: Make) -> None:
    here = world(local=completion(), cloud=completion())
    await answered(here, context(LABELLED, messages=ANNA))
    other = msgspec.structs.replace(context(model="gpt-4o", messages=ANNA), caller="somebody else")
    assert (await answered(here, other)).headers["x-wye-target"] == "cloud:gpt-4o"


@pytest.mark.parametrize(
    ("headers", "body", "kind"),
    [
        ({}, {"web_search_options": {}}, Unsupported),
        ({}, {"stream_options": {}}, BadRequest),
        ({}, {"stream": "yes"}, BadRequest),
        ({}, {"routing_preferences": {"privacy_levle": "high"}}, BadRequest),
        ({"x-wye-latency-preference": "fsat"}, {}, BadRequest),
        ({"x-wye-force-provider": "cloud"}, {}, EgressRefused),
        ({}, {"model": "gpt-4o"}, EgressRefused),
        ({}, {}, ProxyError),
    ],
)
async def test_what_was_refused_under_a_label_is_remembered(
    world: Make, headers: dict[str, str], body: dict[str, Any], kind: type[ProxyError]
) -> None:
    here = world(local=httpx.ConnectError("gone"), cloud=completion())
    await refused(here, context({**LABELLED, **headers}, messages=ANNA, **body), kind)
    await refused(here, context(model="gpt-4o", messages=ANNA), EgressRefused)
    assert "cloud" not in here.transport.hosts


async def test_what_was_refused_in_a_labelled_talk_is_remembered(world: Make) -> None:
    here = world(local=completion(), cloud=completion())
    await answered(here, context(LABELLED, messages=ANNA))
    more = {"role": "user", "content": "And this is her number: 0664 5123456."}
    await refused(here, context(messages=[*ANNA, more], stream_options={}), BadRequest)
    await refused(here, context(model="gpt-4o", messages=[more]), EgressRefused)


async def test_what_no_reader_understands_is_refused_and_nothing_else(world: Make) -> None:
    here = world(local=completion(), cloud=completion())
    request = msgspec.structs.replace(context(LABELLED), body=b"{")
    await refused(here, request, BadRequest)
    assert (await answered(here, context(model="gpt-4o", messages=ANNA))).headers["x-wye-target"] == "cloud:gpt-4o"


async def test_a_request_waits_for_the_labels_of_a_large_one_that_came_before(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, go = threading.Event(), threading.Event()

    def look(text: str) -> bool:
        if "Anna" in text and "filler" in text:
            looking.set()
            go.wait(20)
        return "filler" in text

    monkeypatch.setitem(request_facts._DETECTORS, "secrets", look)
    monkeypatch.setattr(request_facts, "LARGE_BYTES", 400)
    here = world(local=completion(), cloud=completion())
    await here.begin()
    first = asyncio.ensure_future(here.exchange.answer(context(messages=ANNA, filler="x" * 400)))
    assert await asyncio.to_thread(looking.wait, 20)
    second = asyncio.ensure_future(here.exchange.answer(context(model="gpt-4o", messages=ANNA)))
    other = msgspec.structs.replace(context(model="gpt-4o"), caller="somebody else")
    assert (await here.exchange.answer(other)).headers["x-wye-target"] == "cloud:gpt-4o"
    assert not second.done()
    go.set()
    assert (await first).headers["x-wye-labels"] == "private"
    with pytest.raises(EgressRefused):
        await second


async def test_an_unlabelled_exchange_has_no_transcript(world: Make) -> None:
    here = world(local=stream(chunk("hi"), STOP, DONE))
    got = await answered(here, context(stream=True))
    assert isinstance(got.body, Relay)
    assert got.body._record.transcript is None
    await read(got)


async def test_a_large_body_is_compared_with_what_was_said_in_a_thread(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, threads = world(local=completion()), list[int]()
    sticky = here.exchange._decider._stickiness
    recall = sticky.recall

    def recalled(*asked: Any) -> Labelled:
        threads.append(threading.get_ident())
        return recall(*asked)

    monkeypatch.setattr(sticky, "recall", recalled)
    await answered(here, context(messages=ANNA))
    assert not threads  # nothing is labelled yet, so there is nothing to compare with
    await answered(here, context(LABELLED))
    await answered(here, context())
    monkeypatch.setattr(decider, "_LONG_BYTES", 10)
    await answered(here, context())
    assert [thread == threading.get_ident() for thread in threads] == [True, False]
