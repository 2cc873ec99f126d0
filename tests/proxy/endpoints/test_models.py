from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Litestar

from proxy.catalogue.catalogue import Catalogue
from proxy.endpoints.failures import on_proxy_error
from proxy.endpoints.models import models_handlers
from proxy.errors import ProxyError
from proxy.upstream.probes import Model
from tests.fakes.generations import listing

pytestmark = pytest.mark.anyio

LISTED = [Model("llama3.2:latest", 5, "library"), Model("library/llama3:8b"), Model("a b", 0)]
CLIENT_URL = "http://localhost"


async def ask(_: str) -> list[Model]:
    return LISTED


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    catalogue = Catalogue({"local": None}, ["fast"], ask)
    await catalogue.refresh()
    app = Litestar(
        models_handlers(listing(catalogue)),
        exception_handlers={ProxyError: on_proxy_error},
        openapi_config=None,
        logging_config=None,
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=CLIENT_URL) as made:  # type: ignore[arg-type]
        yield made


@pytest.mark.parametrize("path", ["/v1/models", "/models", "/v1/models/"])
async def test_the_list_has_openais_shape(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {
        "object": "list",
        "data": [
            {"id": "fast", "object": "model", "created": 0, "owned_by": "wye"},
            {"id": "llama3.2:latest", "object": "model", "created": 5, "owned_by": "library"},
            {"id": "library/llama3:8b", "object": "model", "created": 0, "owned_by": "local"},
            {"id": "a b", "object": "model", "created": 0, "owned_by": "local"},
        ],
    }


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/models/llama3.2:latest", "llama3.2:latest"),
        ("/v1/models/llama3.2", "llama3.2:latest"),
        ("/v1/models/library/llama3:8b", "library/llama3:8b"),
        ("/v1/models/library%2Fllama3:8b", "library/llama3:8b"),
        ("/v1/models/library%2Fllama3%3A8b", "library/llama3:8b"),
        ("/models/fast", "fast"),
        ("/v1/models/a%20b", "a b"),
    ],
)
async def test_a_model_is_found_by_its_id_however_it_is_written(
    client: httpx.AsyncClient, path: str, name: str
) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["id"]) == (200, name)


@pytest.mark.parametrize("path", ["/v1/models/nobody", "/v1/models/library/nobody", "/v1/models/llama3.2:8b"])
async def test_a_model_that_is_not_there_is_named_in_the_error(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (404, "model_not_found", "model")
    assert path.removeprefix("/v1/models/") in error["message"]


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/fast"])
async def test_head_says_the_same_without_a_body(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")
