from __future__ import annotations

import asyncio
import os
import pickle
import threading
from collections.abc import AsyncIterator

import msgspec
import pytest

from proxy.catalogue.catalogue import Catalogue
from proxy.config.schema import Config, Server
from proxy.reload.following import Mailbox, follow
from proxy.reload.generation import Generation
from proxy.reload.generations import Generations
from proxy.reload.loaded import Loaded, Refusal, Verdict
from proxy.telemetry.events import Event, ReloadRefused, RulesReloaded
from proxy.upstream.boundary import Boundary
from proxy.upstream.egress import Egress
from proxy.upstream.warmth import Warmth
from tests.fakes.exchanges import World
from tests.fakes.generations import generation_of
from tests.fakes.transport import FakeTransport, reply

pytestmark = pytest.mark.anyio

REFUSED = Refusal("wye.toml", ("no",))


def loaded(port: int) -> Loaded:
    """Make a configuration that is told from others by its port."""
    return Loaded(Config(server=Server(port=port)))


class Process:
    """A process that serves and follows."""

    def __init__(self) -> None:
        self.world = World(FakeTransport())
        self.generations = Generations(generation_of(self.world, port=1), self.world.tasks)
        self.events: list[Event] = []
        self.applied: list[tuple[int, int]] = []
        self.asked: list[int] = []

    async def follow(self, *verdicts: Verdict) -> None:
        async def come() -> AsyncIterator[Verdict]:
            for verdict in verdicts:
                yield verdict

        await follow(come(), self.generations, self.make, self.apply, self.events.append)
        await self.world.tasks.aclose()

    def make(self, new: Loaded, before: Generation) -> Generation:
        if new.config.server.port == 13:
            raise KeyError("sk-secret")

        async def ask(_: str) -> None:
            assert self.generations.current is before  # while they are asked, the rules before still serve
            self.asked.append(new.config.server.port)

        made = generation_of(self.world)
        return msgspec.structs.replace(made, config=new.config, catalogue=Catalogue({"t": None}, (), ask))

    def apply(self, before: Config, now: Config) -> None:
        self.applied.append((before.server.port, now.server.port))

    @property
    def state(self) -> tuple[int, Refusal | None]:
        return self.in_force, self.generations.refused

    @property
    def in_force(self) -> int:
        return self.generations.current.config.server.port


async def test_verdicts_are_put_in_force_in_their_order_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 7)
    process = Process()
    await process.follow(Verdict(loaded(2)), Verdict(loaded(3)))
    assert (process.in_force, process.applied) == (3, [(1, 2), (2, 3)])
    assert process.events == [RulesReloaded(process=7, rules=0, targets=())] * 2


async def test_new_targets_are_asked_before_their_rules_are_in_force() -> None:
    process = Process()
    await process.follow(Verdict(loaded(2)))
    assert process.asked == [2]


async def test_a_refusal_keeps_the_rules_and_the_next_good_verdict_clears_it() -> None:
    process = Process()
    await process.follow(Verdict(refused=REFUSED))
    assert process.in_force == 1
    assert process.generations.refused == REFUSED
    await process.follow(Verdict(refused=REFUSED), Verdict())
    assert process.state == (1, None)
    await process.follow(Verdict(refused=REFUSED), Verdict(loaded(2)))
    assert process.state == (2, None)


async def test_what_cannot_be_built_keeps_the_rules_and_ends_nothing() -> None:
    process = Process()
    await process.follow(Verdict(loaded(13)))
    assert process.in_force == 1
    assert process.generations.refused is not None
    (event,) = process.events
    assert isinstance(event, ReloadRefused)
    assert "KeyError" in event.problems[0]
    assert "sk-secret" not in str(event)
    await process.follow(Verdict(loaded(13)), Verdict(loaded(2)))
    assert process.state == (2, None)


# --- the mailbox ---


async def test_what_any_thread_puts_in_comes_out_in_order() -> None:
    mailbox = Mailbox()
    expected = [Verdict(loaded(port)) for port in range(20)]
    mailbox.put(expected[0])
    verdicts = mailbox.verdicts()
    taken = [await anext(verdicts)]

    def put() -> None:
        for verdict in expected[1:]:
            mailbox.put(verdict)

    thread = threading.Thread(target=put)
    waiting = asyncio.ensure_future(anext(verdicts))
    await asyncio.sleep(0)
    thread.start()
    taken.append(await waiting)
    taken += [await anext(verdicts) for _ in expected[2:]]
    thread.join()
    assert taken == expected


async def test_a_new_process_begins_with_the_last_word_only() -> None:
    mailbox = Mailbox()
    mailbox.leave(Verdict(refused=REFUSED))
    mailbox.leave(Verdict())
    travelled: Mailbox = pickle.loads(pickle.dumps(mailbox))
    assert await anext(travelled.verdicts()) == Verdict()
    assert not travelled._waiting


def test_an_event_loop_that_has_ended_is_nobodys_fault() -> None:
    mailbox = Mailbox()
    mailbox.put(Verdict())

    async def take() -> Verdict:
        return await anext(mailbox.verdicts())

    assert asyncio.run(take()) == Verdict()
    mailbox.put(Verdict(refused=REFUSED))
    assert mailbox._waiting == type(mailbox._waiting)([Verdict(refused=REFUSED)])


async def test_what_new_targets_have_loaded_is_known_before_the_rules_that_ask_for_it_are_in_force() -> None:
    process, transport = Process(), FakeTransport()
    transport.loaded["local"] = reply(200, {"models": [{"name": "m"}]})
    made = process.make

    def make(new: Loaded, before: Generation) -> Generation:
        generation = made(new, before)
        warmth = Warmth(generation.fleet, Egress(Boundary({}), transport), ["warm.local"])
        return msgspec.structs.replace(generation, warmth=warmth)

    known: list[object] = []
    process.make = make  # type: ignore[method-assign]
    process.apply = lambda *_: known.append(process.world.fleet.states_now()["local"].loaded)  # type: ignore[method-assign]
    await process.follow(Verdict(loaded(2)))
    assert known == [frozenset({"m"})]
