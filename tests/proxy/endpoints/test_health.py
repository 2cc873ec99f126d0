from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from litestar import Litestar

from proxy.catalogue.catalogue import Catalogue
from proxy.endpoints.health import TargetHealth, health_handlers, target_health
from proxy.reload.loaded import Refusal
from proxy.upstream.fleet import Fleet
from routing_rules import TargetState
from tests.fakes.generations import listing
from tests.fakes.rule_files import target

pytestmark = pytest.mark.anyio


class Targets:
    """Two targets; asking them is counted."""

    def __init__(self) -> None:
        self.fleet = Fleet({"local": target("ollama"), "cloud": target("openai")}, {}, "wye/test", "wye-test")
        self.asked: list[str] = []
        self.catalogue = Catalogue(dict.fromkeys(self.fleet.members), (), self._ask)
        self.generations = listing(self.catalogue, self.fleet)

    async def _ask(self, name: str) -> Sequence[Any] | None:
        self.asked.append(name)
        return None

    async def get(self, path: str, method: str = "GET") -> httpx.Response:
        app = Litestar(health_handlers(self.generations), openapi_config=None, logging_config=None)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:  # type: ignore[arg-type]
            return await client.request(method, path)


async def test_a_process_that_answers_is_healthy_and_asks_nobody() -> None:
    targets = Targets()
    answer = await targets.get("/healthz")
    assert (answer.status_code, answer.json(), targets.asked) == (200, {"status": "ok"}, [])


@pytest.mark.parametrize(
    ("up", "down", "status", "targets"),
    [
        ([], [], 200, {"local": {"state": "unknown"}, "cloud": {"state": "unknown"}}),
        (["local"], ["cloud"], 200, {"local": {"state": "up"}, "cloud": {"state": "down", "why": "gone"}}),
        ([], ["cloud"], 200, {"local": {"state": "unknown"}, "cloud": {"state": "down", "why": "gone"}}),
        (
            [],
            ["local", "cloud"],
            503,
            {"local": {"state": "down", "why": "gone"}, "cloud": {"state": "down", "why": "gone"}},
        ),
    ],
)
async def test_readiness_names_every_target_and_needs_one_that_is_not_down(
    up: list[str], down: list[str], status: int, targets: dict[str, Any]
) -> None:
    here = Targets()
    await here.catalogue.refresh()
    for name in up:
        here.fleet.listed(name, ["m"])
    for name in down:
        here.fleet.failed(name, "gone")
    answer = await here.get("/readyz")
    assert answer.status_code == status
    assert answer.json() == {"status": "ready" if status == 200 else "not ready", "targets": targets}


async def test_nobody_is_called_ready_before_every_target_was_asked_once() -> None:
    here = Targets()
    asking = asyncio.ensure_future(here.get("/readyz"))
    await asyncio.sleep(0)
    assert not asking.done()
    await here.catalogue.refresh()
    assert (await asking).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_head_is_answered_too(path: str) -> None:
    here = Targets()
    await here.catalogue.refresh()
    answer = await here.get(path, "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (TargetState(), TargetHealth("unknown")),
        (TargetState(models=frozenset()), TargetHealth("up")),
        (TargetState(models=frozenset({"m"}), down="gone"), TargetHealth("down", "gone")),
        (TargetState(down="gone"), TargetHealth("down", "gone")),
    ],
)
def test_a_target_is_up_down_or_nobody_knows(state: TargetState, expected: TargetHealth) -> None:
    assert target_health(state) == expected


async def test_a_file_that_was_refused_is_named_with_its_reasons_while_the_old_rules_serve() -> None:
    here = Targets()
    await here.catalogue.refresh()
    here.generations.refused = Refusal("wye.toml", ("wye.toml:3: no", "wye.toml:5: no"))
    answer = await here.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert answer.json()["refused"] == {"file": "wye.toml", "problems": ["wye.toml:3: no", "wye.toml:5: no"]}
    here.generations.refused = None
    assert "refused" not in (await here.get("/readyz")).json()
