from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import msgspec
import pytest

from proxy.errors import (
    BadGateway,
    BadRequest,
    EgressRefused,
    GatewayTimeout,
    NoTarget,
    Overloaded,
    ProxyError,
    Unreachable,
    Unsupported,
    UpstreamAnswered,
)
from proxy.telemetry.events import AttemptFailed, Event
from proxy.upstream.boundary import Boundary
from proxy.upstream.egress import Egress
from proxy.upstream.failover import Failover, verdict
from proxy.upstream.fleet import Fleet
from proxy.wire.chat import ChatRequest
from routing_rules import NO_LABELS, Candidate, Labels, Plan, Rewrite
from tests.fakes.asks import chat
from tests.fakes.rule_files import target
from tests.fakes.transport import DONE, STOP, FakeTransport, chunk, completion, failure, reply, stream

pytestmark = pytest.mark.anyio

REFUSED = httpx.ConnectError("Connection refused")
ALL = {name: target("openai", f"http://{name}/v1", accepts=["*"]) for name in ("a", "b", "c")}


class Walk:
    """A failover over targets `a`, `b`, `c`, each of which answers as it is told."""

    def __init__(self, targets: dict[str, Any] | None = None, **answers: Any) -> None:
        self.transport = FakeTransport(**answers)
        self.fleet = Fleet(targets or ALL, {}, "wye/test", "wye-test")
        self.events: list[Event] = []
        self.failover = Failover(self.fleet, Egress(Boundary({}), self.transport), self.events.append)

    async def begin(self, request: ChatRequest | None = None, labels: Labels = NO_LABELS) -> tuple[str, int]:
        candidates = tuple(Candidate(name, f"{name}-m") for name in self.fleet.members)
        plan = Plan(rule="all", labels=labels, candidates=candidates, rewrite=Rewrite(set={"seed": 5}))
        attempt, attempts = await self.failover.begin("wye-1", plan, request or chat(), {})
        await attempt.aclose()
        return attempt.candidate.target, attempts

    async def fails(self, kind: type[ProxyError], **more: Any) -> ProxyError:
        with pytest.raises(kind) as caught:
            await self.begin(**more)
        assert type(caught.value) is kind
        return caught.value

    @property
    def failures(self) -> list[str]:
        return [event.failure for event in self.events if isinstance(event, AttemptFailed)]


async def test_the_first_that_answers_is_taken_and_nobody_after_it_is_asked() -> None:
    walk = Walk(a=completion(), b=completion())
    assert await walk.begin() == ("a", 1)
    assert (walk.transport.hosts, walk.events) == (["a"], [])


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (failure(401), "auth"),
        (failure(403), "auth"),
        (failure(404, "model 'x' not found"), "model_missing"),
        (failure(404, "no such page"), "model_missing"),
        (failure(408), "timeout_first_token"),
        (failure(429), "rate_limited"),
        (failure(500), "server_error"),
        (failure(502), "server_error"),
        (failure(503), "server_error"),
        (failure(400, "the request exceeds the available context size"), "context_too_long"),
        (reply(302, b""), "bad_answer"),
        (reply(200, b"<html>"), "bad_answer"),
        (REFUSED, "connect"),
        (httpx.ConnectTimeout(""), "connect"),
        (httpx.ReadError(""), "bad_answer"),
        (TimeoutError(), "timeout_first_token"),
    ],
)
async def test_what_another_could_do_better_is_given_to_the_next(answer: Any, failed: str) -> None:
    walk = Walk(a=answer, b=completion())
    assert await walk.begin() == ("b", 2)
    assert walk.failures == [failed]


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_what_the_caller_got_wrong_would_be_wrong_anywhere(status: int) -> None:
    walk = Walk(a=failure(status, "your fault"), b=completion())
    error = await walk.fails(UpstreamAnswered)
    assert (error.status, error.message, error.attempts) == (status, "your fault", 1)
    assert walk.transport.hosts == ["a"]
    assert "x-should-retry" not in error.headers


async def test_what_a_filter_refused_is_not_tried_elsewhere() -> None:
    filtered = reply(400, {"error": {"message": "filtered", "code": "content_filter"}})
    walk = Walk(a=filtered, b=completion())
    assert (await walk.fails(UpstreamAnswered)).code == "content_filter"
    assert walk.transport.hosts == ["a"]


async def test_a_stream_that_fails_before_content_is_given_to_the_next() -> None:
    role = b'data: {"choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}]}\n\n'
    broken = b'data: {"error":{"message":"overloaded"}}\n\n'
    walk = Walk(a=stream(role, broken), b=stream(role, httpx.ReadError("cut")), c=stream(chunk("x"), STOP, DONE))
    assert await walk.begin(chat(stream=True)) == ("c", 3)
    assert walk.failures == ["server_error", "bad_answer"]
    assert [body.closed for body in walk.transport.bodies] == [1, 1, 1]


async def test_each_candidate_is_asked_for_its_own_model_with_the_rules_rewrite() -> None:
    walk = Walk(a=failure(500), b=completion())
    await walk.begin()
    assert [request.content for request in walk.transport.requests] == [
        b'{"model":"a-m","messages":[{"role":"user","content":"hello"}],"seed":5}',
        b'{"model":"b-m","messages":[{"role":"user","content":"hello"}],"seed":5}',
    ]


async def test_each_failure_is_an_event_with_its_target() -> None:
    walk = Walk(a=failure(503), b=completion())
    await walk.begin()
    (event,) = walk.events
    assert isinstance(event, AttemptFailed)
    assert (event.id, event.target, event.model, event.status) == ("wye-1", "a", "a-m", 503)
    assert event.after_ms >= 0


async def test_a_key_that_came_in_place_of_a_model_is_in_no_event() -> None:
    walk = Walk(a=failure(503), b=completion())
    candidates = (Candidate("a", "sk-" + "proj-0123456789"), Candidate("b", "m"))
    plan = Plan(rule="all", labels=NO_LABELS, candidates=candidates)
    attempt, _ = await walk.failover.begin("wye-1", plan, chat(), {})
    await attempt.aclose()
    assert [event.model for event in walk.events if isinstance(event, AttemptFailed)] == ["(withheld)"]


async def test_a_target_that_cannot_be_reached_is_down_until_it_answers() -> None:
    walk = Walk(a=[REFUSED, failure(500), completion()], b=completion())
    await walk.begin()
    assert "refused" in (walk.fleet.states["a"].down or "")
    await walk.begin()
    assert walk.fleet.states["a"].down is not None
    await walk.begin()
    assert walk.fleet.states["a"].down is None


async def test_an_error_of_a_target_does_not_make_it_down() -> None:
    walk = Walk(a=failure(500), b=completion())
    await walk.begin()
    assert walk.fleet.states["a"].down is None


async def test_what_one_cannot_do_another_may() -> None:
    targets = {"a": target("ollama", "http://a/v1"), "b": target("openai", "http://b/v1")}
    walk = Walk(targets, b=completion())
    assert await walk.begin(chat(n=2)) == ("b", 2)
    assert walk.failures == ["unsupported_value"]


PRIVATE = frozenset({"private"})
OLLAMAS = {name: target("ollama", f"http://{name}/v1", accepts=["*"]) for name in ("a", "b")}


def asked_for(walk: Walk) -> list[str]:
    return [json.loads(request.content)["model"] for request in walk.transport.requests]


async def test_a_version_that_nobody_knows_is_asked_for_before_a_labelled_text_leaves() -> None:
    walk = Walk(OLLAMAS, a=completion())
    await walk.begin(labels=PRIVATE)
    await walk.begin(labels=PRIVATE)
    assert (walk.transport.probed, asked_for(walk)) == (["a"], ["a-m:local", "a-m:local"])
    assert walk.fleet.version("a") == "0.34.0"


async def test_without_a_label_nobody_asks() -> None:
    walk = Walk(OLLAMAS, a=completion())
    await walk.begin()
    assert (walk.transport.probed, asked_for(walk)) == ([], ["a-m"])


@pytest.mark.parametrize("answer", [reply(200, {"version": "0.17.7"}), reply(404, b"")])
async def test_an_ollama_that_could_hand_it_on_is_passed_over_without_a_byte(answer: Any) -> None:
    walk = Walk(OLLAMAS, b=completion())
    walk.transport.versions["a"] = answer
    assert await walk.begin(labels=PRIVATE) == ("b", 2)
    assert (walk.transport.hosts, walk.failures) == (["b"], ["egress_refused"])


async def test_an_ollama_that_is_down_is_down_and_not_refused() -> None:
    walk = Walk({"a": OLLAMAS["a"]})
    walk.transport.versions["a"] = REFUSED
    await walk.fails(NoTarget, labels=PRIVATE)
    assert walk.fleet.states["a"].down is not None


@pytest.mark.parametrize("broken", [REFUSED, httpx.ReadError("reset"), httpx.ReadTimeout("late")])
async def test_after_a_break_another_server_may_answer_so_it_is_asked_anew(broken: Exception) -> None:
    walk = Walk({"a": OLLAMAS["a"]}, a=[completion(), broken, completion()])
    await walk.begin(labels=PRIVATE)
    with pytest.raises(ProxyError):
        await walk.begin()
    walk.transport.versions["a"] = reply(200, {"version": "0.12.0"})
    await walk.fails(EgressRefused, labels=PRIVATE)
    assert walk.transport.probed == ["a", "a"]
    assert len(walk.transport.requests) == 2


async def test_a_rewrite_must_not_make_a_labelled_request_reach_out() -> None:
    searching = Rewrite(set={"web_search_options": {}})
    walk = Walk(a=completion())
    plan = Plan(rule="all", labels=PRIVATE, candidates=(Candidate("a", "m"),), rewrite=searching)
    with pytest.raises(Unsupported, match="'all' sets 'web_search_options'"):
        await walk.failover.begin("wye-1", plan, chat(), {})
    assert walk.transport.requests == []
    attempt, _ = await walk.failover.begin("wye-1", msgspec.structs.replace(plan, labels=NO_LABELS), chat(), {})
    await attempt.aclose()
    assert len(walk.transport.requests) == 1


async def test_where_one_is_busy_another_may_be_free() -> None:
    targets = {**ALL, "a": target("openai", "http://a/v1", max_in_flight=1, queue={"size": 0})}
    walk = Walk(targets, b=completion())
    async with walk.fleet.members["a"].gate.slot():
        assert await walk.begin() == ("b", 2)
    assert walk.failures == ["server_overloaded"]


async def test_a_label_that_slipped_into_a_plan_is_refused_at_the_way_out() -> None:
    targets = {"a": target("openai", "http://a/v1"), "b": target("openai", "http://b/v1", accepts=["private"])}
    walk = Walk(targets, b=completion())
    assert await walk.begin(labels=frozenset({"private"})) == ("b", 2)
    assert (walk.transport.hosts, walk.failures) == (["b"], ["egress_refused"])


async def test_a_fault_of_ours_is_no_reason_to_try_another() -> None:
    walk = Walk(a=RuntimeError("a bug"), b=completion())
    with pytest.raises(RuntimeError):
        await walk.begin()
    assert walk.transport.hosts == ["a"]


async def test_a_walk_that_is_cancelled_closes_what_it_opened() -> None:
    walk = Walk(a=stream(asyncio.Event()))
    walking = asyncio.ensure_future(walk.begin(chat(stream=True)))
    await walk.transport.asked.wait()
    walking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await walking
    assert [body.closed for body in walk.transport.bodies] == [1]


# --- the verdict: rules.md, section 2, "Statuses" ---

ANSWERED_500 = UpstreamAnswered("first", status=500, type="server_error")
ANSWERED_429 = UpstreamAnswered("second", status=429, type="tokens")
GONE = Unreachable("The target 'a' cannot be reached.")
BROKEN, SLOW = BadGateway("broken"), GatewayTimeout("slow")
FULL, UNFIT, UNSAFE = Overloaded("full", retry_after_s=5), Unsupported("unfit"), EgressRefused("unsafe")


@pytest.mark.parametrize(
    ("errors", "told", "status"),
    [
        # The first upstream's own words go before anything of ours.
        ([ANSWERED_500], ANSWERED_500, 500),
        ([ANSWERED_500, ANSWERED_429], ANSWERED_500, 500),
        ([GONE, BROKEN, SLOW, FULL, UNFIT, ANSWERED_429], ANSWERED_429, 429),
        # Then what the caller could change, then when to come back.
        ([GONE, FULL, UNFIT], UNFIT, 400),
        ([GONE, SLOW, FULL], FULL, 503),
        ([GONE, UNSAFE], UNSAFE, 403),
        # Broken before silent; unreachable only where all were.
        ([GONE, SLOW, BROKEN], BROKEN, 502),
        ([GONE, SLOW], SLOW, 504),
        ([SLOW], SLOW, 504),
        ([BROKEN], BROKEN, 502),
        ([GONE, BROKEN], BROKEN, 502),
    ],
)
async def test_one_error_says_what_came_of_all(errors: list[ProxyError], told: ProxyError, status: int) -> None:
    assert verdict(errors) is told
    assert (told.status, told.attempts) == (status, len(errors))


@pytest.mark.parametrize("count", [1, 3])
async def test_where_nobody_could_be_reached_there_is_no_target(count: int) -> None:
    error = verdict([Unreachable(f"The target '{at}' cannot be reached.") for at in range(count)])
    assert isinstance(error, NoTarget)
    assert (error.status, error.code, error.attempts) == (503, "no_target_available", count)
    assert all(f"'{at}'" in error.message for at in range(count))


async def test_after_our_own_failover_nobody_need_try_again() -> None:
    hopeful = UpstreamAnswered("x", status=500, type="server_error")
    hopeful.headers["x-should-retry"] = "true"
    assert verdict([hopeful, BadRequest("y")]).headers["x-should-retry"] == "false"
    single = UpstreamAnswered("x", status=500, type="server_error")
    assert "x-should-retry" not in verdict([single]).headers


async def test_the_first_upstreams_headers_are_kept() -> None:
    limited = failure(429, "slow down", {"retry-after": "9", "x-request-id": "req_1"})
    error = await Walk(a=limited, b=failure(500), c=REFUSED).fails(UpstreamAnswered)
    assert (error.headers["retry-after"], error.headers["x-request-id"]) == ("9", "req_1")
    assert error.attempts == 3


@pytest.mark.parametrize("status", [402, 405, 451])
async def test_what_is_between_us_and_a_target_is_given_to_the_next(status: int) -> None:
    walk = Walk(a=failure(status, "no"), b=completion())
    assert await walk.begin() == ("b", 2)
    assert walk.failures == ["bad_answer"]


async def test_a_key_that_an_upstream_repeats_goes_no_further() -> None:
    walk = Walk(a=failure(401, "Incorrect API key provided: sk-up", {"x-request-id": "sk-up-1"}))
    walk.fleet = Fleet({"a": ALL["a"]}, {"a": "sk-up"}, "wye/test", "wye-test")
    walk.failover = Failover(walk.fleet, Egress(Boundary({}), walk.transport), walk.events.append)
    error = await walk.fails(UpstreamAnswered)
    assert walk.transport.requests[0].headers["authorization"] == "Bearer sk-up"
    assert "sk-up" not in f"{error.message} {error.headers} {walk.events}"
