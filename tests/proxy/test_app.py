"""The whole application, without a server in front of it: real sockets lead to the fake upstreams only."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from proxy import app as app_module
from proxy.app import _AskTarget, build
from proxy.config.schema import Config, FactsLog, Log, Server
from proxy.endpoints.asgi_types import ASGIApp
from proxy.reload.following import Mailbox
from proxy.reload.generation import Generation
from proxy.reload.loaded import Loaded, Verdict
from proxy.telemetry.events import CatalogueFailed, Event, ExchangeSettled
from proxy.telemetry.facts_log import read_traffic
from proxy.upstream.boundary import Boundary
from proxy.upstream.egress import Egress
from proxy.upstream.fleet import Fleet
from routing_rules import Label, Rule, RuleError
from tests.fakes.asgi import running
from tests.fakes.asks import HELLO
from tests.fakes.ollama import FakeOllama
from tests.fakes.rule_files import target
from tests.fakes.upstream import FakeOpenAI, error, json_reply

pytestmark = pytest.mark.anyio

KEYS = {"cloud": "sk-cloud"}
SECRET = [{"role": "user", "content": "my password is " + "hunter2"}]


@pytest.fixture
def cloud() -> Iterator[FakeOpenAI]:
    with FakeOpenAI(key="sk-cloud") as server:
        yield server


@pytest.fixture
def local() -> Iterator[FakeOllama]:
    with FakeOllama() as server:
        yield server


class App:
    """An application over the two upstreams, and the events that it emits."""

    def __init__(self, local: FakeOllama, cloud: FakeOpenAI) -> None:
        self.events: list[Event] = []
        self._targets = {
            "local": target("ollama", local.base_url, accepts=["*"], model="llama3"),
            "cloud": target("openai", cloud.base_url, key="env:KEY"),
        }

    def config(self, **server: Any) -> Config:
        return Config(
            server=Server(**server),
            target=self._targets,
            alias={"fast": "local:llama3"},
            label=(Label(add="private", when={"secrets": True}),),
            rule=(
                Rule(name="big models go to the cloud", when={"model": "gpt-*"}, use=("cloud",)),
                Rule(name="everything else", use=("local", "cloud")),
            ),
        )

    def __call__(self, **server: Any) -> ASGIApp:
        return build(Loaded(self.config(**server), KEYS), "wye-test", self.events.append)

    def settled(self) -> list[ExchangeSettled]:
        return [event for event in self.events if isinstance(event, ExchangeSettled)]


@pytest.fixture
def app(local: FakeOllama, cloud: FakeOpenAI) -> App:
    return App(local, cloud)


@pytest.fixture
async def ask(app: App, cloud: FakeOpenAI) -> AsyncIterator[_AskTarget]:
    """Ask as the catalogue does, over the cloud alone."""
    fleet = Fleet({"cloud": target("openai", cloud.base_url)}, {"cloud": "sk-cloud"}, "wye/test", "wye-test")
    egress = Egress(Boundary({}))
    yield _AskTarget(fleet, egress, app.events.append)
    await egress.aclose()


def chat(**fields: Any) -> dict[str, Any]:
    return {"messages": HELLO, **fields}


@pytest.mark.parametrize(
    ("model", "target_", "says"),
    [("gpt-4o", "cloud:gpt-4o", "openai:gpt-4o: hello"), ("fast", "local:llama3", "ollama:llama3: hello")],
)
async def test_a_request_goes_where_the_rules_say(app: App, model: str, target_: str, says: str) -> None:
    async with running(app()) as client:
        answer = await client.post("/v1/chat/completions", json=chat(model=model))
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"] == says
    assert answer.headers["x-wye-target"] == target_
    assert answer.headers["x-request-id"]
    (event,) = app.settled()
    assert (event.id, event.status) == (answer.headers["x-wye-id"], 200)


async def test_a_stream_ends_with_done(app: App) -> None:
    async with running(app()) as client:
        answer = await client.post("/v1/chat/completions", json=chat(model="gpt-4o", stream=True))
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.endswith("data: [DONE]\n\n")
    pieces = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n")[:-2]]
    assert "".join(one["choices"][0]["delta"].get("content") or "" for one in pieces) == "openai:gpt-4o: hello"


async def test_a_labelled_request_never_reaches_the_cloud(app: App, cloud: FakeOpenAI) -> None:
    async with running(app()) as client:
        answer = await client.post("/v1/chat/completions", json=chat(model="gpt-4o", messages=SECRET))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "egress_refused")
    assert [request.method for request in cloud.requests if request.method != "GET"] == []


async def test_the_models_of_all_targets_are_listed_aliases_first(app: App) -> None:
    async with running(app()) as client:
        listed = [model["id"] for model in (await client.get("/v1/models")).json()["data"]]
    assert listed[0] == "fast"
    assert {"gpt-4o", "gpt-4o-mini"} < set(listed)
    assert any(name.startswith("llama3") for name in listed)


async def test_a_target_that_does_not_list_its_models_is_reported_and_can_still_chat(
    app: App, cloud: FakeOpenAI
) -> None:
    cloud.routes["GET /v1/models"] = error(403, None, "no right to list")
    async with running(app()) as client:
        ready = (await client.get("/readyz")).json()
        answer = await client.post("/v1/chat/completions", json=chat(model="gpt-4o"))
    assert ready["targets"]["cloud"] == {"state": "up"}
    assert answer.status_code == 200
    assert [event.target for event in app.events if isinstance(event, CatalogueFailed)] == ["cloud"]


async def test_a_list_that_cannot_be_read_makes_a_target_down_until_it_answers(app: App, cloud: FakeOpenAI) -> None:
    cloud.routes["GET /v1/models"] = json_reply(200, b"<html>")
    async with running(app()) as client:
        before = (await client.get("/readyz")).json()["targets"]["cloud"]["state"]
        await client.post("/v1/chat/completions", json=chat(model="gpt-4o"))
        after = (await client.get("/readyz")).json()["targets"]["cloud"]["state"]
    assert (before, after) == ("down", "up")


async def test_health_asks_nobody(app: App, cloud: FakeOpenAI, local: FakeOllama) -> None:
    async with running(app()) as client:
        await client.get("/readyz")
        before = (len(cloud.requests), len(local.requests))
        answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert (len(cloud.requests), len(local.requests)) == before


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nowhere", 404, "unknown_url"),
        ("POST", "/v1/responses", 404, "unknown_url"),
        ("POST", "/v1/models", 405, "method_not_allowed"),
        ("GET", "/v1/chat/completions", 405, "method_not_allowed"),
        ("GET", "/v1/models/nobody", 404, "model_not_found"),
        ("GET", "/schema", 404, "unknown_url"),
        ("GET", "/docs", 404, "unknown_url"),
        ("GET", "/", 404, "unknown_url"),
    ],
)
async def test_every_error_has_openais_shape_and_an_id(
    app: App, method: str, path: str, status: int, code: str
) -> None:
    async with running(app()) as client:
        answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}
    assert answer.json()["error"]["code"] == code
    assert answer.headers["x-request-id"].startswith("wye-")
    assert ("allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    ("server", "headers", "status"),
    [
        ({}, {"host": "example.com"}, 403),
        ({"open": True}, {"host": "example.com"}, 200),
        ({"open": True}, {"origin": "http://example.com"}, 403),
        ({}, {"via": "1.1 wye-test"}, 508),
        ({}, {"upgrade": "websocket"}, 501),
    ],
)
async def test_the_edge_stands_before_everything(
    app: App, server: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    async with running(app(**server)) as client:
        assert (await client.get("/healthz", headers=headers)).status_code == status


@pytest.mark.parametrize("how", ["sized", "chunked"])
async def test_a_body_that_is_too_large_is_413(app: App, how: str) -> None:
    async def pieces() -> Any:
        for _ in range(10):
            yield b"x" * 100

    content: Any = b"x" * 1_000 if how == "sized" else pieces()
    async with running(app(max_body=500)) as client:
        answer = await client.post("/v1/chat/completions", content=content)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")


async def test_where_clients_may_name_no_target_they_cannot(app: App) -> None:
    async with running(app(direct="deny")) as client:
        answer = await client.post("/v1/chat/completions", json=chat(model="cloud:gpt-4o"))
        alias = await client.post("/v1/chat/completions", json=chat(model="fast"))
    assert (answer.status_code, alias.status_code) == (403, 200)


class Reloads:
    """Verdicts that a test gives, and the generations that were built for them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.mailbox = Mailbox()
        self.built: list[weakref.ref[Generation]] = []
        make = app_module.make_generation

        def remembered(*arguments: Any) -> Generation:
            made = make(*arguments)
            self.built.append(weakref.ref(made))
            return made

        monkeypatch.setattr(app_module, "make_generation", remembered)

    def alive(self) -> int:
        """Count the generations that are not freed."""
        gc.collect()
        return sum(one() is not None for one in self.built)


def named(config: Config, rule: str, **server: Any) -> Config:
    """Give the last rule of a configuration a name."""
    rules = (*config.rule[:-1], msgspec.structs.replace(config.rule[-1], name=rule))
    return msgspec.structs.replace(config, rule=rules, server=msgspec.structs.replace(config.server, **server))


async def in_force(client: httpx.AsyncClient, rule: str) -> None:
    """Ask until this rule answers."""
    async with asyncio.timeout(20):
        while (await client.post("/v1/chat/completions", json=chat(model="fast2"))).headers["x-wye-rule"] != rule:
            pass


async def test_fifty_reloads_leave_one_generation_and_no_target_is_asked_again(
    app: App, local: FakeOllama, cloud: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    reloads, config = Reloads(monkeypatch), app.config()
    wye = build(Loaded(config, KEYS), "wye-test", app.events.append, reloads.mailbox.verdicts())
    async with running(wye) as client:
        await client.get("/v1/models")
        asked = len(cloud.requests)
        for at in range(50):
            reloads.mailbox.put(Verdict(Loaded(named(config, f"rule {at}"), KEYS)))
            await in_force(client, f"rule {at}")
        assert reloads.alive() == 1
        assert len(cloud.requests) == asked
        assert (await client.get("/readyz")).json()["targets"]["cloud"] == {"state": "up"}
    assert len(reloads.built) == 51
    assert (cloud.connections, local.connections) == (1, 1)


async def test_what_can_be_changed_while_serving_is(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    reloads, config, logging = Reloads(monkeypatch), app.config(), []
    monkeypatch.setattr(app_module, "set_up_logging", lambda *how: logging.append(how))
    async with running(
        build(Loaded(config, KEYS), "wye-test", app.events.append, reloads.mailbox.verdicts())
    ) as client:
        assert (await client.get("/healthz", headers={"host": "example.com"})).status_code == 403
        new = named(config, "new", open=True, max_body=500, direct="deny")
        reloads.mailbox.put(Verdict(Loaded(msgspec.structs.replace(new, log=Log(level="debug")), KEYS)))
        await in_force(client, "new")
        assert (await client.get("/healthz", headers={"host": "example.com"})).status_code == 200
        assert (await client.post("/v1/chat/completions", content=b"x" * 1_000)).status_code == 413
        named_target = await client.post("/v1/chat/completions", json=chat(model="cloud:gpt-4o"))
    assert named_target.status_code == 403
    assert logging == [("debug", "auto")]


def test_rules_that_are_wrong_build_nothing() -> None:
    with pytest.raises(RuleError):
        build(Loaded(Config(), {}), "wye-test")


def test_nothing_is_opened_before_the_server_starts(app: App, cloud: FakeOpenAI, local: FakeOllama) -> None:
    made: Callable[..., Any] = app()
    assert callable(made)
    assert (cloud.connections, local.connections) == (0, 0)


async def test_what_ran_in_the_background_is_over_when_the_server_stops(app: App, cloud: FakeOpenAI) -> None:
    async with running(app()) as client:
        await client.get("/readyz")
        kept = cloud.connections
    assert kept == 1
    cloud.wait_for(lambda _: not cloud._open)


async def test_why_a_list_cannot_be_had_is_said_once_for_each_reason(
    app: App, cloud: FakeOpenAI, ask: _AskTarget
) -> None:
    answers = [error(401, None, "Incorrect API key provided: sk-cloud"), error(401, None, "again"), error(500, None)]
    for answer in answers:
        cloud.routes["GET /v1/models"] = answer
        assert await ask("cloud") is None
    del cloud.routes["GET /v1/models"]
    assert await ask("cloud")
    cloud.routes["GET /v1/models"] = answers[2]
    await ask("cloud")
    told = [event.why for event in app.events if isinstance(event, CatalogueFailed)]
    assert told == ["it answered 401 (auth)", "it answered 500 (server_error)", "it answered 500 (server_error)"]


async def test_a_target_that_is_odd_ends_the_asking_of_no_other(
    app: App, ask: _AskTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def odd(*_: object) -> list[Any]:
        raise ValueError("sk-cloud")

    monkeypatch.setattr(app_module, "list_models", odd)
    assert await ask("cloud") is None
    assert [event.why for event in app.events if isinstance(event, CatalogueFailed)] == ["asking failed (ValueError)"]


async def test_the_facts_log_is_closed_with_the_application(cloud: FakeOpenAI, tmp_path: Path) -> None:
    path = tmp_path / "facts.jsonl"
    config = Config(
        target={"cloud": target("openai", cloud.base_url, key="env:KEY")},
        rule=(Rule(name="all", use=("cloud",)),),
        facts_log=FactsLog(path=str(path)),
    )
    async with running(build(Loaded(config, {"cloud": "sk-cloud"}), "wye-test", list[Event]().append)) as client:
        answer = await client.post("/v1/chat/completions", json={"model": "gpt-4o", "messages": HELLO})
        assert [thread.is_alive() for thread in threading.enumerate() if thread.name == "facts-log"] == [True]
    assert [thread for thread in threading.enumerate() if thread.name == "facts-log"] == []
    (line,) = read_traffic(path).requests
    assert (line.id, line.facts) == (answer.headers["x-wye-id"], {"model": "gpt-4o"})


async def test_the_version_is_learnt_with_the_list_and_forgotten_when_that_fails(
    app: App, local: FakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = Fleet({"local": target("ollama", local.base_url)}, {}, "wye/test", "wye-test")
    egress = Egress(Boundary({}))
    ask = _AskTarget(fleet, egress, app.events.append)
    assert await ask("local")
    assert fleet.version("local") == local.version
    local.version = "0.17.7"
    await ask("local")
    assert fleet.version("local") == "0.17.7"

    async def odd(*_: object) -> list[Any]:
        raise ValueError

    monkeypatch.setattr(app_module, "list_models", odd)
    await ask("local")
    assert fleet.version("local") is None
    monkeypatch.undo()
    await ask("local")
    assert fleet.version("local") == "0.17.7"
    local.stop()
    assert await ask("local") is None
    assert fleet.version("local") is None
    await egress.aclose()


async def test_a_server_that_answers_something_else_may_be_another_one(app: App, cloud: FakeOpenAI) -> None:
    fleet = Fleet({"local": target("ollama", cloud.base_url)}, {"local": "sk-cloud"}, "wye/test", "wye-test")
    egress = Egress(Boundary({}))
    fleet.told_version("local", "0.34.0")
    cloud.routes["GET /v1/models"] = error(404, None)
    assert await _AskTarget(fleet, egress, app.events.append)("local") is None
    assert fleet.version("local") is None
    await egress.aclose()
