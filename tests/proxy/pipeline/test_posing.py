from __future__ import annotations

import threading
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from proxy.config.planned import is_offered
from proxy.errors import BadRequest
from proxy.facts import request_facts
from proxy.pipeline.posing import Poser, given_body
from routing_rules import Given, Label, RuleFile, compile_rules
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
