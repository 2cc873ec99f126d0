from __future__ import annotations

import threading
from datetime import datetime
from typing import Any
from unittest.mock import ANY
from zoneinfo import ZoneInfo

import pytest

from proxy.config.planned import is_offered
from proxy.errors import BadRequest
from proxy.facts import request_facts, token_ids
from proxy.facts.request_facts import BY_BYTES, RequestFacts
from proxy.facts.token_ids import table
from proxy.pipeline.posing import Poser, given_body
from routing_rules import Bounds, FactValue, Given, Label, RuleFile, compile_rules
from routing_rules.trials import Posed
from tests.fakes.asks import chat
from tests.fakes.rule_files import FINAL, target

pytestmark = pytest.mark.anyio

TARGETS = {
    "local": target("ollama", accepts=["*"], model="llama3.2"),
    "cloud": target("openai"),
}
SECRET = "my password is " + "hunter2"
NOON = datetime(2026, 3, 1, 12, 30, tzinfo=ZoneInfo("UTC"))


def poser(*conditions: dict[str, Any], timezone: str = "UTC", passed_up: frozenset[str] = frozenset()) -> Poser:
    labels = tuple(Label(add="private", when=condition) for condition in conditions or ({"secrets": True},))
    book = compile_rules(RuleFile(target=TARGETS, rule=(FINAL,), label=labels), is_offered)
    return Poser(book, passed_up, timezone, NOON.astimezone)


async def posed(
    here: Poser, headers: dict[str, str] | None = None, address: str = "/v1/chat/completions?", **fields: Any
) -> Posed:
    return await here.pose(chat(**fields), headers or {}, "chat", address)


def saying(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


async def test_a_request_is_posed_with_its_facts_its_labels_and_the_target_it_forces() -> None:
    given = {"x-wye-label": "legal", "x-wye-force-provider": "cloud", "x-team": "a"}
    got = await posed(poser(), given, model="gpt-4o", routing_preferences={"privacy_level": "high"}, user="ann")
    assert (got.model, got.forced) == ("gpt-4o", "cloud")
    assert got.brought.labels == {"legal", "private"}
    assert (got.document["user"], got.outward) == ("ann", None)
    assert [got.facts.value(name) for name in ("endpoint", "stream", "header.x-team", "secrets")] == [
        "chat",
        False,
        "a",
        False,
    ]


async def test_what_an_upstream_would_fetch_itself_is_named() -> None:
    got = await posed(poser(), web_search_options={})
    assert got.outward == "web_search_options"


@pytest.mark.parametrize(
    ("headers", "address"),
    [({"openai-beta": SECRET}, "/"), ({}, f"/v1/chat/completions?q={SECRET}")],
    ids=["a header that travels", "the address"],
)
async def test_text_is_also_what_travels_beside_the_body(headers: dict[str, str], address: str) -> None:
    got = await posed(poser(passed_up=frozenset({"openai-beta"})), headers, address)
    assert got.facts.value("secrets") is True
    kept = await posed(poser(), {"x-other": SECRET})
    assert kept.facts.value("secrets") is False


async def test_the_hour_is_that_of_the_configured_zone() -> None:
    assert [(await posed(poser(timezone=zone))).facts.value("hour") for zone in ("UTC", "Asia/Tokyo")] == [12, 21]


@pytest.mark.parametrize("headers", [{"x-wye-label": "a b"}, {"x-wye-force-provider": "nobody"}])
async def test_preferences_that_cannot_be_read_are_a_bad_request(headers: dict[str, str]) -> None:
    with pytest.raises(BadRequest):
        await posed(poser(), headers)


@pytest.mark.parametrize(("letters", "elsewhere"), [(10, False), (500, True)])
async def test_a_large_body_is_looked_through_in_a_thread_before_anybody_asks(
    monkeypatch: pytest.MonkeyPatch, letters: int, elsewhere: bool
) -> None:
    threads: list[int] = []

    def look(_: str) -> bool:
        threads.append(threading.get_ident())
        return False

    monkeypatch.setitem(request_facts._DETECTORS, "secrets", look)
    monkeypatch.setattr(request_facts, "LARGE_BYTES", 400)
    got = await posed(poser(), messages=saying("x" * letters))
    assert len(threads) == elsewhere
    got.facts.value("secrets")
    assert [thread != threading.get_ident() for thread in threads] == [elsewhere]


# --- what a test or a command makes up ---


@pytest.mark.parametrize(
    ("given", "body"),
    [
        (Given(prompt="hi"), {"messages": ({"role": "user", "content": "hi"},)}),
        (Given(), {"messages": ({"role": "user", "content": ""},)}),
        (Given(prompt="hi", model="m"), {"messages": ({"role": "user", "content": "hi"},), "model": "m"}),
        (Given(messages=({"role": "system"},), prompt="hi"), {"messages": ({"role": "system"},)}),
        (Given(body={"messages": [1], "user": "ann"}), {"messages": [1], "user": "ann"}),
        (Given(body={"messages": [1], "model": "a"}, model="b"), {"messages": [1], "model": "b"}),
        (Given(body={"messages": [1]}, prompt="hi"), {"messages": ({"role": "user", "content": "hi"},)}),
    ],
)
def test_a_body_is_made_of_what_a_test_says(given: Given, body: dict[str, Any]) -> None:
    assert given_body(given) == body


async def test_what_is_made_up_is_posed_as_what_comes() -> None:
    here = poser({"secrets": True}, {"header": {"x-team": "a"}})
    made = here.pose_given(Given(prompt=SECRET, model="gpt-4o", headers={"X-Team": "a", "X-Wye-Label": "legal"}))
    came = await posed(here, {"x-team": "a", "x-wye-label": "legal"}, messages=saying(SECRET), model="gpt-4o")
    names = ("secrets", "header.x-team", "model", "prompt_tokens", "messages", "opaque")
    assert [made.facts.value(name) for name in names] == [came.facts.value(name) for name in names]
    assert (made.document, made.brought, made.model) == (came.document, came.brought, came.model)


@pytest.mark.parametrize(
    "given", [Given(messages=()), Given(body={"messages": 5}), Given(headers={"x-wye-label": "a b"})]
)
def test_what_could_not_be_sent_is_said_so(given: Given) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        poser().pose_given(given)


async def test_what_more_is_known_of_a_fact_comes_with_the_request() -> None:
    got = await posed(poser(), messages=saying(SECRET))
    assert got.details("secrets")["kinds"] == ["sentence", "told in words"]


async def test_a_wish_in_the_wrong_place_is_refused() -> None:
    with pytest.raises(BadRequest, match="routing_preferences"):
        await posed(poser(), privacy_level="high")


LONG = {"prompt_tokens": ">= 4000"}


async def counted(text: str, *, exactly: bool = False, condition: dict[str, Any] = LONG) -> tuple[FactValue, FactValue]:
    request = chat(model="gpt-4o", messages=saying(text))
    got = await poser(condition).pose(request, {}, "chat", "/v1/chat/completions?", exactly=exactly)
    return got.facts.value("prompt_tokens"), got.facts.value("counted_with")


async def test_a_prompt_is_counted_where_its_bounds_leave_a_limit_open() -> None:
    table("o200k_base")
    assert await counted("word " * 3990) == (3998, "o200k_base")
    assert await counted("word " * 4010) == (Bounds(4010, ANY), BY_BYTES)
    assert await counted("word " * 3990, condition={"messages": 1}) == (Bounds(3990, ANY), BY_BYTES)


async def test_a_prompt_is_counted_where_somebody_asks() -> None:
    assert await counted("hello", exactly=True, condition={"messages": 1}) == (8, "o200k_base")


async def test_while_the_table_is_not_there_bounds_must_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_ids, "_tables", {})
    assert await counted("word " * 3990) == (Bounds(3990, ANY), BY_BYTES)
    assert token_ids._tables == {}


async def test_counting_is_done_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    table("o200k_base")
    threads: list[threading.Thread] = []
    monkeypatch.setattr(RequestFacts, "count_tokens", lambda *_: threads.append(threading.current_thread()))
    await counted("word " * 3990)
    await counted("hello", exactly=True)
    assert len(threads) == 2
    assert threading.main_thread() not in threads


def test_the_request_of_a_test_is_counted_too() -> None:
    given = Given(prompt="word " * 3990, model="gpt-4o")
    assert poser(LONG).pose_given(given).facts.value("prompt_tokens") == 3998
    assert poser().pose_given(given).facts.value("prompt_tokens") == Bounds(3990, ANY)
    assert poser().pose_given(given, exactly=True).facts.value("prompt_tokens") == 3998
