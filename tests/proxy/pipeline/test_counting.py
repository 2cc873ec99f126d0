from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from proxy.facts import token_ids
from proxy.facts.request_facts import RequestFacts
from proxy.pipeline import counting as module
from proxy.pipeline.counting import Counting
from routing_rules import Rule
from tests.fakes.rule_files import FINAL, rule_book

pytestmark = pytest.mark.anyio


def counting(**when: Any) -> Counting:
    rules = (Rule(name="long", use=("local",), when=when), FINAL) if when else (FINAL,)
    return Counting(rule_book(None, rules, alias={"old": "gpt-4", "near": "local:llama3.2"}))


def facts(words: int, **more: Any) -> RequestFacts:
    document = {"messages": [{"role": "user", "content": "word " * words}], **more}
    return RequestFacts(endpoint="chat", model="gpt-4o", stream=False, headers={}, document=document, texts=())


@pytest.mark.parametrize(
    ("when", "words", "open_"),
    [
        ({"prompt_tokens": ">= 4000"}, 100, False),
        ({"prompt_tokens": ">= 4000"}, 3990, True),
        ({"prompt_tokens": ">= 4000"}, 4100, False),
        ({"total_tokens": ">= 4000"}, 3990, True),
        ({"total_tokens": ">= 1000000"}, 3990, False),
        ({"any": [{"model": "x"}, {"prompt_tokens": "< 4000"}]}, 3990, True),
        ({"none": [{"prompt_tokens": "< 4000"}]}, 3990, True),
        ({"messages": ">= 4000"}, 3990, False),
        ({}, 3990, False),
    ],
)
async def test_a_count_is_needed_only_where_a_limit_lies_between_the_bounds(
    when: dict[str, Any], words: int, open_: bool
) -> None:
    assert counting(**when).leaves_open(facts(words)) is open_


async def test_once_counted_nothing_is_open() -> None:
    made, long = counting(prompt_tokens=">= 4000", total_tokens=">= 5000"), facts(3990, max_tokens=1005)
    long.count_tokens(made.counter_at_once("gpt-4o"))
    assert not made.leaves_open(long)
    assert (long.value("prompt_tokens"), long.value("total_tokens")) == (3998, 5003)
    assert long.value("counted_with") == "o200k_base"


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("gpt-4o", "o200k_base"),
        ("old", "cl100k_base"),
        ("near", "o200k_base, as an estimate"),
        ("local:gpt-4", "cl100k_base"),
        (None, "o200k_base, as an estimate"),
    ],
)
async def test_what_counts_is_the_table_of_the_model_that_is_meant(model: str | None, said: str) -> None:
    assert str(counting().counter_at_once(model).tokenizer) == said


async def test_a_table_is_read_in_the_background_and_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_ids, "_tables", {})
    read, done = list[tuple[str, bool]](), asyncio.Event()
    loop = asyncio.get_running_loop()

    def table(name: str) -> None:
        read.append((name, threading.current_thread() is threading.main_thread()))
        loop.call_soon_threadsafe(done.set)

    monkeypatch.setattr(module, "table", table)
    made = counting(prompt_tokens=">= 4000")
    assert made.counter("gpt-4o") is None
    assert made.counter("gpt-4") is made.counter("gpt-4") is None
    running = asyncio.ensure_future(made.run())
    while len(read) < 2:
        await asyncio.wait_for(done.wait(), 5)
        done.clear()
    running.cancel()
    assert read == [("o200k_base", False), ("cl100k_base", False)]


async def test_where_no_rule_counts_no_table_is_read() -> None:
    await asyncio.wait_for(counting(model="x").run(), 5)
    assert counting(model="x")._wanted.empty()
