from __future__ import annotations

import asyncio
import pickle

import pytest

from proxy.sticky.stickiness import Memory
from proxy.sticky.table import Table
from proxy.sticky.undecided import Undecided

pytestmark = pytest.mark.anyio


async def test_who_comes_alone_waits_for_nobody() -> None:
    undecided = Undecided()
    with undecided.enter("") as place:
        await place.reached()
    assert undecided._waiting == {}


async def test_who_comes_behind_waits_for_those_before_and_not_for_those_after() -> None:
    undecided, order = Undecided(), list[str]()

    async def come(name: str, go: asyncio.Event) -> None:
        with undecided.enter("") as place:
            await go.wait()
            await place.reached()
            order.append(name)

    first, others = asyncio.Event(), asyncio.Event()
    others.set()
    async with asyncio.TaskGroup() as group:
        for name in ("one", "two", "three"):
            group.create_task(come(name, first if name == "one" else others))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert order == []
        first.set()
    assert order == ["one", "two", "three"]
    assert undecided._waiting == {}


async def test_callers_do_not_wait_for_each_other() -> None:
    undecided = Undecided()
    with undecided.enter("one"), undecided.enter("other") as place:
        await asyncio.wait_for(place.reached(), 5)


async def test_whoever_is_refused_or_leaves_holds_nobody_up() -> None:
    undecided = Undecided()
    with pytest.raises(ValueError, match="refused"), undecided.enter(""):
        raise ValueError("refused")
    with undecided.enter("") as place:
        await asyncio.wait_for(place.reached(), 5)


async def test_a_wait_that_is_given_up_ends_no_other() -> None:
    undecided = Undecided()
    with undecided.enter(""):
        with undecided.enter("") as place:
            waiting = asyncio.ensure_future(place.reached())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait({waiting})
        with undecided.enter("") as place:
            still = asyncio.ensure_future(place.reached())
            await asyncio.sleep(0)
            assert not still.done()
    await asyncio.wait_for(still, 5)


def test_each_process_has_an_order_of_its_own() -> None:
    assert pickle.loads(pickle.dumps(Memory(Table.alone(8)).undecided))._waiting == {}
