from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import msgspec
import pytest

from proxy.catalogue import catalogue as catalogue_module
from proxy.catalogue.catalogue import Catalogue
from proxy.reload.generation import Generation
from proxy.reload.generations import Generations
from proxy.tasks import Tasks
from proxy.upstream.egress import Egress
from routing_rules import Rule
from tests.fakes.exchanges import World
from tests.fakes.generations import generation_of
from tests.fakes.rule_files import target
from tests.fakes.transport import FakeTransport

pytestmark = pytest.mark.anyio


class KeptEgress:
    """An egress that remembers which places were left to it."""

    def __init__(self) -> None:
        self.kept: list[list[str]] = []

    def keep_only(self, places: list[httpx.URL]) -> None:
        self.kept.append([place.host for place in places])


def generation(*hosts: str, egress: Any = None, catalogue: Catalogue | None = None) -> Generation:
    """Make a generation with a target at each of these hosts."""
    world = World(
        FakeTransport(), {host: target(url=f"http://{host}/v1") for host in hosts}, rules=(Rule(name="all", use=hosts),)
    )
    made = generation_of(world)
    return Generation(
        made.config, made.fleet, cast(Egress, egress or KeptEgress()), catalogue or made.catalogue, made.exchange
    )


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    made = Tasks()
    yield made
    await made.aclose()


async def test_a_lease_keeps_its_generation_whatever_is_swapped_in(tasks: Tasks) -> None:
    first, second = generation("a"), generation("b")
    generations = Generations(first, tasks)
    with generations.lease() as held:
        generations.swap(second)
        assert held is first
        assert generations.in_use() == [second, first]
        with generations.lease() as later:
            assert later is second
    assert generations.in_use() == [second]


async def test_connections_stay_for_as_long_as_any_generation_in_use_knows_their_place(tasks: Tasks) -> None:
    egress = KeptEgress()
    first, second = generation("a", "b", egress=egress), generation("b", "c", egress=egress)
    generations = Generations(first, tasks)
    with generations.lease(), generations.lease():
        generations.swap(second)
        assert [set(hosts) for hosts in egress.kept] == [{"a", "b", "c"}]
    assert egress.kept[1:] == [["b", "c"]]
    with generations.lease():
        pass
    assert len(egress.kept) == 2


async def test_a_lease_ends_with_its_request_also_when_that_fails(tasks: Tasks) -> None:
    first = generation("a")
    generations = Generations(first, tasks)

    def fail() -> None:
        with generations.lease():
            generations.swap(generation("b"))
            raise ValueError

    with pytest.raises(ValueError):
        fail()
    assert first not in generations.in_use()


async def test_only_the_generation_in_force_asks_targets_for_their_models(
    tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue_module, "FIRST_ROUND_S", 1e9)
    asked: list[str] = []
    ended: list[str] = []

    def catalogue(name: str) -> Catalogue:
        async def ask(_: str) -> None:
            asked.append(name)
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(name)

        return Catalogue({"t": None}, (), ask)

    old, new = catalogue("old"), catalogue("new")
    generations = Generations(generation("a", catalogue=old), tasks)
    generations.start()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert asked == ["old"]
    waiting = asyncio.ensure_future(old.first_round())
    await asyncio.sleep(0)
    generations.swap(generation("a", catalogue=new))
    await asyncio.wait_for(waiting, 5)  # a round that was given up is not waited for
    assert (asked, ended) == (["old", "new"], ["old"])


async def test_old_generations_are_freed(tasks: Tasks) -> None:
    generations = Generations(generation("a"), tasks)
    generations.start()
    dead: list[weakref.ref[Generation]] = []
    for _ in range(5):
        with generations.lease() as held:
            dead.append(weakref.ref(held))
            del held
            generations.swap(generation("a"))
        await asyncio.sleep(0)
    gc.collect()
    assert [one() for one in dead] == [None] * 5


async def test_only_the_generation_in_force_works_in_the_background(tasks: Tasks) -> None:
    log: list[str] = []

    class Work:
        def __init__(self, name: str) -> None:
            self.name = name

        async def run(self) -> None:
            log.append(f"{self.name} begins")
            try:
                await asyncio.Event().wait()
            finally:
                log.append(f"{self.name} ends")

    def working(name: str) -> Generation:
        work = cast(Any, Work(name))
        return msgspec.structs.replace(generation(name), warmth=work, counting=work)

    generations = Generations(working("a"), tasks)
    generations.start()
    await asyncio.sleep(0)
    generations.swap(working("b"))
    await asyncio.sleep(0)
    assert sorted(log) == ["a begins", "a begins", "a ends", "a ends", "b begins", "b begins"]
