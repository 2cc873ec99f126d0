from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from proxy.errors import BadGateway, GatewayTimeout, Unreachable, UpstreamAnswered, UpstreamError
from proxy.upstream import probes
from proxy.upstream.boundary import Boundary
from proxy.upstream.egress import Egress
from proxy.upstream.fleet import Fleet
from proxy.upstream.probes import Model, ask_version, list_loaded, list_models
from tests.fakes.rule_files import target
from tests.fakes.transport import FakeTransport, failure, reply, stream

pytestmark = pytest.mark.anyio


async def listed(transport: FakeTransport, **settings: Any) -> list[Model]:
    made = target(**{"url": "http://up/v1", "kind": "openai", **settings})
    member = Fleet({"up": made}, {"up": "sk-up"}, "a", "v").members["up"]
    return await list_models(Egress(Boundary({}), transport), member)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"object": "list", "data": [{"id": "m", "created": 5, "owned_by": "x"}]}, [Model("m", 5, "x")]),
        ({"data": [{"id": "m"}]}, [Model("m")]),
        ({"data": [{"id": "m", "created": 1.7e9, "owned_by": None}]}, [Model("m", 1_700_000_000)]),
        ({"data": [{"id": "m", "created": None}]}, [Model("m")]),
        ({"data": [{"id": "m", "created": "2024-01-01"}]}, [Model("m")]),
        ({"data": [{"id": "m", "created": []}]}, [Model("m")]),
        ({"data": None}, []),
        ({"data": []}, []),
        ({}, []),
        ({"data": [{"id": 5}, {}, {"name": "x"}, {"id": "m"}]}, [Model("m")]),
    ],
)
async def test_a_list_is_read_whatever_a_server_leaves_out(body: Any, expected: list[Model]) -> None:
    assert await listed(FakeTransport(up=reply(200, body))) == expected


async def test_the_question_holds_nobodys_text_and_the_targets_key() -> None:
    transport = FakeTransport(up=reply(200, {"data": []}))
    await listed(transport)
    (request,) = transport.requests
    assert (request.method, str(request.url), request.content) == ("GET", "http://up/v1/models", b"")
    assert request.headers["authorization"] == "Bearer sk-up"
    assert [body.closed for body in transport.bodies] == [1]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"models": {"small": "deployment-1", "large": "deployment-2"}}, ["small", "large"]),
        ({"url": "http://up/{model}", "models": ["gpt-4o", "gpt-*", "o?"]}, ["gpt-4o"]),
        ({"url": "http://up/{model}"}, []),
    ],
)
async def test_where_the_configuration_says_it_all_nobody_is_asked(settings: Any, expected: list[str]) -> None:
    transport = FakeTransport()
    assert await listed(transport, **settings) == [Model(name, 0, "up") for name in expected]
    assert transport.requests == []


@pytest.mark.parametrize(
    ("answer", "kind", "status"),
    [
        (failure(401), UpstreamAnswered, 401),
        (failure(500), UpstreamAnswered, 500),
        (reply(404, b"404 page not found"), UpstreamAnswered, 404),
        (reply(302, b""), BadGateway, 502),
        (reply(200, b"<html>"), BadGateway, 502),
        (reply(200, b""), BadGateway, 502),
        (reply(200, []), BadGateway, 502),
        (reply(200, {"data": {}}), BadGateway, 502),
        (reply(200, {"data": ["m"]}), BadGateway, 502),
        (reply(200, b'{"data":[{"x":' + b"[" * 50_000), BadGateway, 502),
        (reply(200, b'{"data":[{"id":"\xff"}]}'), BadGateway, 502),
        (httpx.ConnectError("Connection refused"), Unreachable, 502),
        (httpx.ReadError("reset"), BadGateway, 502),
        (reply(200, b"not gzip", {"content-encoding": "gzip"}), BadGateway, 502),
        (stream(b'{"data":', httpx.ReadError("reset")), BadGateway, 502),
    ],
)
async def test_what_is_no_list_is_an_error_of_the_upstream(answer: Any, kind: type[UpstreamError], status: int) -> None:
    transport = FakeTransport(up=answer)
    with pytest.raises(kind) as caught:
        await listed(transport)
    assert caught.value.status == status
    assert {body.closed for body in transport.bodies} <= {1}


async def test_a_silent_target_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "TIMEOUT_S", 0.001)
    transport = FakeTransport(up=stream(asyncio.Event()))
    with pytest.raises(GatewayTimeout):
        await listed(transport)
    assert [body.closed for body in transport.bodies] == [1]


async def test_no_list_is_read_beyond_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "MAX_LIST", 10)
    with pytest.raises(BadGateway, match="too large"):
        await listed(FakeTransport(up=reply(200, {"data": [{"id": "m"}]})))


async def version(answer: Any, **settings: Any) -> tuple[str | None, list[str]]:
    transport = FakeTransport()
    transport.versions["up"] = answer
    made = target(**{"url": "http://up/v1", "kind": "ollama", **settings})
    member = Fleet({"up": made}, {}, "a", "v").members["up"]
    return await ask_version(Egress(Boundary({}), transport), member), transport.probed


@pytest.mark.parametrize("said", ["0.34.0", "0.17.7", "0.0.0", "0.17.8-rc0", ""])
async def test_an_ollama_says_its_version(said: str) -> None:
    assert await version(reply(200, {"version": said})) == (said, ["up"])


@pytest.mark.parametrize(
    "answer",
    [
        reply(404, b"404 page not found"),
        reply(200, b"<html>"),
        reply(200, {"version": 5}),
        reply(200, {}),
        reply(200, []),
        reply(200, b"\xff"),
        reply(500, {"version": "0.34.0"}),
        reply(302, {"version": "0.34.0"}),
        reply(200, b"[" * 2000),
    ],
)
async def test_what_is_no_version_is_none(answer: Any) -> None:
    assert await version(answer) == (None, ["up"])


@pytest.mark.parametrize("settings", [{"kind": "openai"}, {"kind": "compatible"}, {"url": "http://up/{model}/v1"}])
async def test_nobody_else_is_asked(settings: Any) -> None:
    assert await version(reply(200, {"version": "0.34.0"}), **settings) == (None, [])


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.ConnectError("Connection refused"), Unreachable),
        (httpx.ReadError("reset"), BadGateway),
        (reply(200, b"x" * 5000), BadGateway),
    ],
)
async def test_a_silent_one_is_an_error_and_not_one_without_a_version(answer: Any, kind: type[UpstreamError]) -> None:
    with pytest.raises(kind):
        await version(answer)


async def loaded(answer: Any, **settings: Any) -> tuple[frozenset[str] | None, list[str]]:
    transport = FakeTransport()
    transport.loaded["up"] = answer
    made = target(**{"url": "http://up/v1", "kind": "ollama", **settings})
    member = Fleet({"up": made}, {}, "a", "v").members["up"]
    return await list_loaded(Egress(Boundary({}), transport), member), transport.asked_loaded


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (
            {"models": [{"name": "a:latest", "model": "a:latest", "size_vram": 5}, {"name": "b:8b"}]},
            {"a:latest", "b:8b"},
        ),
        ({"models": []}, set()),
        ({"models": None}, set()),
        ({}, set()),
    ],
)
async def test_an_ollama_says_what_it_has_loaded(body: Any, names: set[str]) -> None:
    assert await loaded(reply(200, body)) == (frozenset(names), ["up"])


@pytest.mark.parametrize(
    "answer",
    [
        reply(404, b"404"),
        reply(500, {"models": []}),
        reply(200, b"<html>"),
        reply(200, {"models": [{}]}),
        reply(200, b"\xff"),
    ],
)
async def test_an_answer_that_says_nothing_of_it_is_unknown(answer: Any) -> None:
    assert await loaded(answer) == (None, ["up"])


@pytest.mark.parametrize("settings", [{"kind": "openai"}, {"kind": "compatible"}, {"url": "http://up/{model}/v1"}])
async def test_whoever_cannot_tell_what_is_loaded_is_not_asked(settings: Any) -> None:
    assert await loaded(reply(200, {"models": []}), **settings) == (None, [])


async def test_a_target_that_cannot_be_asked_what_is_loaded_is_an_error() -> None:
    with pytest.raises(Unreachable):
        await loaded(httpx.ConnectError("Connection refused"))
