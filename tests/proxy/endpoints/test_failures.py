from __future__ import annotations

from typing import Any

import httpx
import pytest
from litestar import Litestar, get, post
from litestar.exceptions import HTTPException, NotAuthorizedException, ServiceUnavailableException
from litestar.params import FromPath, JSONBody

from proxy.endpoints.failures import fault, fault_handler, on_http_error, on_proxy_error
from proxy.errors import Overloaded, ProxyError
from proxy.telemetry.events import Event, Fault

pytestmark = pytest.mark.anyio


@get("/there/{number:int}")
async def there(number: FromPath[int]) -> int:
    return number


@post("/there")
async def posted(data: JSONBody[dict[str, int]]) -> dict[str, int]:
    return data


@get("/fails/{kind:str}")
async def fails(kind: FromPath[str]) -> None:
    errors: dict[str, Exception] = {
        "own": Overloaded("Full.", retry_after_s=5),
        "litestar": NotAuthorizedException("secret detail"),
        "litestar-500": ServiceUnavailableException("secret detail"),
        "bug": ValueError("secret detail"),
    }
    raise errors[kind]


async def ask(method: str, path: str, events: list[Event] | None = None, **more: Any) -> httpx.Response:
    emit = (events if events is not None else []).append
    app = Litestar(
        [there, posted, fails],
        exception_handlers={ProxyError: on_proxy_error, HTTPException: on_http_error, Exception: fault_handler(emit)},
        openapi_config=None,
        logging_config=None,
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.request(method, path, **more)


@pytest.mark.parametrize(
    ("method", "path", "status", "kind", "code", "message"),
    [
        ("GET", "/v1/nowhere", 404, "invalid_request_error", "unknown_url", "Invalid URL (GET /v1/nowhere)"),
        ("POST", "/nowhere", 404, "invalid_request_error", "unknown_url", "Invalid URL (POST /nowhere)"),
        ("GET", "/there/x", 404, "invalid_request_error", "unknown_url", "Invalid URL (GET /there/x)"),
        ("DELETE", "/there/5", 405, "invalid_request_error", "method_not_allowed", "Not allowed: DELETE /there/5"),
        ("GET", "/fails/litestar", 400, "invalid_request_error", None, "The request cannot be read."),
        ("GET", "/fails/litestar-500", 500, "server_error", "internal_error", "wye failed on this request"),
        ("GET", "/fails/bug", 500, "server_error", "internal_error", "wye failed on this request"),
        ("GET", "/fails/own", 503, "server_error", "server_overloaded", "Full."),
    ],
)
async def test_every_error_has_openais_shape(
    method: str, path: str, status: int, kind: str, code: str | None, message: str
) -> None:
    answer = await ask(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    error = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert (error["type"], error["code"]) == (kind, code)
    assert error["message"].startswith(message)
    assert "secret detail" not in answer.text


async def test_a_body_that_litestar_cannot_read_is_a_bad_request() -> None:
    answer = await ask("POST", "/there", content=b"{")
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


async def test_a_wrong_method_names_the_right_ones() -> None:
    assert "POST" in (await ask("GET", "/there")).headers["allow"]


async def test_an_error_of_ours_keeps_its_headers() -> None:
    assert (await ask("GET", "/fails/own")).headers["retry-after"] == "5"


async def test_a_fault_is_reported_with_its_kind_and_place_and_no_value() -> None:
    events: list[Event] = []
    await ask("GET", "/fails/bug", events)
    (event,) = events
    assert isinstance(event, Fault)
    assert event.kind == "ValueError"
    assert event.where.startswith("test_failures.py:")
    assert "secret" not in str(event)


def test_the_place_of_a_fault_is_where_it_arose_and_not_where_it_was_caught() -> None:
    def arises() -> None:
        raise KeyError("x")

    try:
        arises()
    except KeyError as error:
        place = fault("1", error).where
    line = arises.__code__.co_firstlineno + 1
    assert place == f"test_failures.py:{line}"
    assert fault("1", KeyError()).where == "unknown"
