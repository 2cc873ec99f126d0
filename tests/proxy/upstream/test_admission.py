from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from proxy.errors import Overloaded
from proxy.upstream.admission import Gate
from tests.fakes.rule_files import target

pytestmark = pytest.mark.anyio


def gate(max_in_flight: int | None = 1, size: int = 64, timeout: str = "5s") -> Gate:
    return Gate(target(max_in_flight=max_in_flight, queue={"size": size, "timeout": timeout}))


async def hold(door: Gate, stay: asyncio.Event, inside: list[str], name: str) -> None:
    async with door.slot():
        inside.append(name)
        await stay.wait()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_without_a_limit_everybody_is_let_in() -> None:
    door = gate(None, size=0)
    async with AsyncExitStack() as stack:
        for _ in range(500):
            await stack.enter_async_context(door.slot())


async def test_as_many_are_let_in_as_there_are_places_and_the_rest_waits_in_order() -> None:
    door, stay, inside = gate(2), asyncio.Event(), list[str]()
    held = [asyncio.ensure_future(hold(door, stay, inside, name)) for name in "abcd"]
    await settled()
    assert inside == ["a", "b"]
    stay.set()
    await asyncio.gather(*held)
    assert inside == ["a", "b", "c", "d"]


@pytest.mark.parametrize("size", [0, 2])
async def test_a_full_queue_says_no_at_once_and_when_to_come_back(size: int) -> None:
    door, stay, inside = gate(1, size=size), asyncio.Event(), list[str]()
    held = [asyncio.ensure_future(hold(door, stay, inside, str(at))) for at in range(1 + size)]
    await settled()
    with pytest.raises(Overloaded, match="queue is full") as caught:
        async with door.slot():
            pass
    assert (caught.value.status, caught.value.headers["retry-after"]) == (503, "5")
    stay.set()
    await asyncio.gather(*held)
    async with door.slot():
        assert len(inside) == 1 + size


async def test_nobody_waits_longer_than_the_queue_allows() -> None:
    door = gate(1, timeout="1ms")
    async with door.slot():
        with pytest.raises(Overloaded, match="busy for too long") as caught:
            async with door.slot():
                pass
        assert caught.value.headers["retry-after"] == "5"
    async with door.slot():
        pass


async def test_a_place_is_free_again_when_its_holder_fails() -> None:
    door = gate(1, size=0)
    with pytest.raises(ValueError, match="no"):
        async with door.slot():
            raise ValueError("no")
    async with door.slot():
        pass


async def test_a_place_is_free_again_when_its_holder_is_cancelled() -> None:
    door, inside = gate(1, size=0), list[str]()
    held = asyncio.ensure_future(hold(door, asyncio.Event(), inside, "a"))
    await settled()
    held.cancel()
    await asyncio.wait([held])
    async with door.slot():
        assert inside == ["a"]


async def test_whoever_stops_waiting_leaves_its_place_in_the_queue() -> None:
    door, stay, inside = gate(1, size=1), asyncio.Event(), list[str]()
    first = asyncio.ensure_future(hold(door, stay, inside, "a"))
    await settled()
    for name in "bcd":  # each would find the queue full if the one before it still stood there
        waiting = asyncio.ensure_future(hold(door, stay, inside, name))
        await settled()
        waiting.cancel()
        await asyncio.wait([waiting])
    last = asyncio.ensure_future(hold(door, stay, inside, "e"))
    await settled()
    stay.set()
    await asyncio.gather(first, last)
    assert inside == ["a", "e"]


async def test_whoever_timed_out_leaves_its_place_in_the_queue() -> None:
    door = gate(1, size=1, timeout="1ms")
    async with door.slot():
        for _ in range(3):
            with pytest.raises(Overloaded, match="busy for too long"):
                async with door.slot():
                    pass
