from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from proxy.upstream import warmth as module
from proxy.upstream.boundary import Boundary
from proxy.upstream.egress import Egress
from proxy.upstream.fleet import Fleet
from proxy.upstream.warmth import Warmth
from tests.fakes.rule_files import target
from tests.fakes.transport import FakeTransport, reply, stream

pytestmark = pytest.mark.anyio

TARGETS = {
    "local": target("ollama", "http://local/v1"),
    "other": target("ollama", "http://other/v1"),
    "cloud": target("openai", "http://cloud/v1"),
}


class Asked:
    """What is loaded at two Ollamas, and who is asked for it."""

    def __init__(self, *facts: str, **loaded: Any) -> None:
        self.transport = FakeTransport()
        self.transport.loaded = loaded
        self.fleet = Fleet(TARGETS, {}, "a", "v")
        self.warmth = Warmth(self.fleet, Egress(Boundary({}), self.transport), facts)

    @property
    def known(self) -> dict[str, frozenset[str] | None]:
        return {name: state.loaded for name, state in self.fleet.states_now().items() if state.loaded is not None}


def loaded(*names: str) -> Any:
    return reply(200, {"models": [{"name": name, "model": name, "size": 1} for name in names]})


async def test_only_those_are_asked_that_somebody_wants_to_know_of_and_that_can_tell() -> None:
    asked = Asked("warm.local:llama3.1:8b", "warm.cloud", "warm.gone", "healthy.other", local=loaded("m:latest"))
    await asked.warmth.refresh()
    assert (asked.warmth.targets, asked.transport.asked_loaded) == (["local"], ["local"])
    assert asked.known == {"local": frozenset({"m:latest"})}


async def test_where_nobody_wants_to_know_nothing_runs() -> None:
    asked = Asked("busy.local", "model")
    await asyncio.wait_for(asked.warmth.run(), 5)
    assert asked.transport.asked_loaded == []


@pytest.mark.parametrize("answer", [httpx.ConnectError("refused"), reply(500, b""), reply(200, b"<html>")])
async def test_what_cannot_be_asked_is_unknown_and_not_what_it_was(answer: Any) -> None:
    asked = Asked("warm.local", "warm.other", local=loaded("m"), other=loaded())
    await asked.warmth.refresh()
    assert asked.known == {"local": frozenset({"m"}), "other": frozenset()}
    asked.transport.loaded["local"] = answer
    await asked.warmth.refresh()
    assert asked.known == {"other": frozenset()}


async def test_it_asks_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, slept = Asked("warm.local", local=loaded("m")), list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise asyncio.CancelledError

    monkeypatch.setattr("proxy.upstream.warmth.asyncio.sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await asked.warmth.run()
    assert slept == [module.EVERY_S] * 3
    assert asked.transport.asked_loaded == ["local"] * 3


async def test_nobody_waits_long_for_one_that_is_silent() -> None:
    asked = Asked("warm.local", "warm.other", local=stream(asyncio.Event()), other=loaded("m"))
    await asked.warmth.catch_up(0.01)
    assert asked.known == {"other": frozenset({"m"})}
