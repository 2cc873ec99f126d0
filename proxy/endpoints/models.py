"""`GET /v1/models` and `/v1/models/{id}`: the merged list of all targets, in OpenAI's shape."""

from __future__ import annotations

import msgspec
from litestar import Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from proxy.catalogue.catalogue import Entry
from proxy.errors import NotFound
from proxy.reload.generations import Generations


class ModelList(msgspec.Struct):
    """A page of models; there is only ever one."""

    data: list[Entry]
    object: str = "list"


def models_handlers(generations: Generations) -> list[HTTPRouteHandler]:
    """Make the handlers for the list and for one model. An id may hold slashes, encoded or not."""

    @route(["/v1/models", "/models"], http_method=["GET", "HEAD"])
    async def models() -> Response[bytes]:
        with generations.lease() as generation:
            await generation.catalogue.first_round()
            return _json(ModelList(generation.catalogue.models()))

    @route(["/v1/models/{id:path}", "/models/{id:path}"], http_method=["GET", "HEAD"])
    async def model(id: FromPath[str]) -> Response[bytes]:  # noqa: A002 - OpenAI's name for it
        with generations.lease() as generation:
            await generation.catalogue.first_round()
            name = id.removeprefix("/")
            entry = generation.catalogue.model(name)
        if entry is None:
            raise NotFound(f"The model '{name}' does not exist", param="model", code="model_not_found")
        return _json(entry)

    return [models, model]


def _json(value: object) -> Response[bytes]:
    return Response(msgspec.json.encode(value), media_type="application/json")
