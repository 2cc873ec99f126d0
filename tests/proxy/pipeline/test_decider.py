from __future__ import annotations

import asyncio
import threading
from collections import Counter
from math import sqrt
from typing import Any

import pytest

from proxy.errors import BadRequest, EgressRefused, Forbidden, NotFound, Unsupported
from proxy.facts import request_facts
from proxy.pipeline.context import Context, Record
from proxy.pipeline.decider import Decider, refusal
from proxy.pipeline.hashing import hasher
from proxy.wire.chat import read_chat
from routing_rules import Plan, Rule, Struck
from routing_rules.spec import Prompt
from tests.fakes.exchanges import RULES, World, context
from tests.fakes.rule_files import target
from tests.fakes.transport import FakeTransport

pytestmark = pytest.mark.anyio

SECRET = [{"role": "user", "content": "my password is " + "hunter2"}]
SIGMAS = 6  # one run in 500 million falls outside


async def world(rules: tuple[Rule, ...] = RULES, **more: Any) -> World:
    here = World(FakeTransport(), rules=rules, **more)
    await here.begin()
    return here


def decider(here: World) -> Decider:
    return here.exchange._decider


async def planned(here: World, request: Context, record: Record | None = None) -> Plan:
    record = record or Record(id="wye-1", endpoint="chat")
    return await decider(here).plan(request, read_chat(request.body), record)


# --- planning ---


async def test_a_plan_and_all_that_it_was_made_by_are_recorded() -> None:
    record, request = Record(id="wye-1", endpoint="chat"), context(model="gpt-4o", user="ann")
    plan = await planned(await world(), request, record)
    assert list(map(str, plan.candidates)) == ["cloud:gpt-4o"]
    assert (record.rule, record.labels) == ("big models go to the cloud", ())
    assert record.seen is not None
    assert (record.seen.posed.model, record.seen.size_bytes) == ("gpt-4o", len(request.body))
    assert 0 <= record.seen.draw < 1
    assert record.seen.facts.value("user") == "ann"


async def test_labels_are_recorded_before_anything_can_be_refused() -> None:
    record = Record(id="wye-1", endpoint="chat")
    with pytest.raises(Unsupported, match="web_search_options"):
        await planned(await world(), context({"x-wye-label": "legal"}, messages=SECRET, web_search_options={}), record)
    assert record.labels == ("legal", "private")
    assert record.seen is None


async def test_without_a_label_an_upstream_may_reach_out() -> None:
    plan = await planned(await world(), context(model="gpt-4o", web_search_options={}))
    assert plan.candidates


async def test_hash_and_prompt_are_worked_out_for_the_request() -> None:
    rule = Rule(name="all", use=("local",), hash=("user",), set={"seed": 1}, prompt=Prompt(append="Be brief."))
    plan = await planned(await world((rule,)), context(user="ann"))
    assert plan.rewrite.set == {
        "seed": 1,
        "user": hasher(b"key")("ann"),
        "messages": [{"role": "user", "content": "hello\n\nBe brief."}],
    }
    assert not plan.rewrite.hash


async def test_live_facts_are_those_of_the_moment_and_are_kept_for_the_record() -> None:
    rules = (
        Rule(name="while it is up", when={"healthy": {"cloud": True}}, use=("cloud",)),
        Rule(name="else", use=("local",)),
    )
    here, record = await world(rules), Record(id="wye-1", endpoint="chat")
    here.fleet.listed("cloud", ["gpt-4o"])
    assert (await planned(here, context(), record)).rule == "while it is up"
    here.fleet.failed("cloud", "gone")
    assert (await planned(here, context())).rule == "else"
    assert record.seen is not None
    assert record.seen.facts.value("healthy.cloud") is True


async def test_weighted_candidates_come_first_as_often_as_their_weights_say() -> None:
    weights = {"local": 1.0, "cloud": 2.0, "spare": 5.0}
    rule = Rule(name="all", use=("local", "cloud", "spare"), order="weighted", weights=weights)
    here, count = await world((rule,)), 2_000
    request = context(model="m")
    plans = [await planned(here, request) for _ in range(count)]
    assert all(len(plan.candidates) == 3 for plan in plans)
    first = Counter(plan.candidates[0].target for plan in plans)
    for name, weight in weights.items():
        share = weight / sum(weights.values())
        assert abs(first[name] - count * share) < SIGMAS * sqrt(count * share * (1 - share)), first


async def test_of_two_targets_the_one_with_a_free_slot_comes_first() -> None:
    targets = {name: target(url=f"http://{name}/v1", max_in_flight=2) for name in ("a", "b")}
    rule = Rule(name="all", use=("a", "b"), order="least busy")
    here = World(FakeTransport(), targets, (rule,))
    await here.begin()

    async def order() -> list[str]:
        return [one.target for one in (await planned(here, context(model="m"))).candidates]

    assert await order() == ["a", "b"]
    async with here.fleet.members["a"].gate.slot():
        assert await order() == ["b", "a"]
    assert await order() == ["a", "b"]


# --- refusing ---


def struck(*causes: str, target: str = "cloud") -> tuple[Struck, ...]:
    return tuple(Struck(target, cause, "why") for cause in causes)  # type: ignore[arg-type]


def plan_of(*causes: str, rule: str = "all", labels: tuple[str, ...] = ()) -> Plan:
    return Plan(rule=rule, labels=frozenset(labels), candidates=(), struck=struck(*causes))


def test_a_refusal_says_whom_the_labels_keep_it_from() -> None:
    error = refusal(plan_of("labels", "labels", labels=("private", "legal")))
    assert isinstance(error, EgressRefused)
    assert error.message == (
        "No target of the rule 'all' may be given a request labelled legal, private. Nothing was sent."
    )
    assert "that has the model may be" in refusal(plan_of("labels", "no_model", labels=("legal",))).message
    named = refusal(plan_of("labels", rule="named by the client", labels=("legal",)))
    assert named.message.startswith("The named target 'cloud' may not be given")


def test_a_target_that_may_not_be_named_and_a_model_that_is_nowhere_are_told_apart() -> None:
    assert isinstance(refusal(plan_of("direct")), Forbidden)
    error = refusal(plan_of("no_model"))
    assert isinstance(error, NotFound)
    assert (error.param, error.code) == ("model", "model_not_found")


# --- explaining ---


async def test_an_explanation_asks_nobody_and_says_what_the_plan_would_be() -> None:
    here = await world()
    here.fleet.failed("cloud", "gone")
    told = await decider(here).explain(context(messages=SECRET, model="m"))
    assert (told.rule, [one.label for one in told.labels]) == ("everything else", ["private"])
    assert [(one.target, one.struck) for one in told.candidates] == [
        ("local", None),
        ("cloud", "does not accept private"),
    ]
    assert here.transport.requests == []
    assert here.events == []
    free = await decider(here).explain(context(model="gpt-4o"))
    assert [(one.target, one.down) for one in free.candidates] == [("cloud", "gone")]


async def test_an_explanation_waits_for_the_models_as_a_request_does() -> None:
    here = World(FakeTransport(), {"spare": target(url="http://spare/v1")}, (Rule(name="all", use=("spare",)),))
    asking = asyncio.ensure_future(decider(here).explain(context()))
    await asyncio.sleep(0)
    here.fleet.listed("spare", ["found"])
    await here.begin()
    assert [one.model for one in (await asking).candidates] == ["found"]


async def test_an_explanation_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []

    def look(_: str) -> bool:
        threads.append(threading.get_ident())
        return False

    monkeypatch.setitem(request_facts._DETECTORS, "secrets", look)
    await decider(await world()).explain(context())
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()


async def test_what_cannot_be_read_cannot_be_explained() -> None:
    here = await world()
    with pytest.raises(BadRequest):
        await decider(here).explain(context(messages=5))
