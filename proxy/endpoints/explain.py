"""`POST /wye/explain`, and `x-wye-explain: 1` on any request: the explanation in place of an answer.

The same request, with the same headers and body, gets told what would become of it; nobody is asked.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from litestar import asgi
from litestar.handlers import ASGIRouteHandler

from proxy.endpoints.asgi_types import Receive, Scope, Send
from proxy.endpoints.body import ClientLeft, read_body
from proxy.endpoints.requests import read_context, refuse_other_methods
from proxy.endpoints.sending import send_error, send_whole
from proxy.errors import ProxyError, TooLarge
from proxy.pipeline.context import Context
from proxy.pipeline.exchange import Exchange
from proxy.pipeline.headers import JSON_HEADERS
from proxy.reload.generations import Generations

HEADER = "x-wye-explain"


def asks_why(headers: Mapping[str, str]) -> bool:
    """Say whether a request asks for its explanation in place of an answer."""
    return headers.get(HEADER, "0").strip().lower() not in {"", "0", "false", "no"}


async def send_explanation(exchange: Exchange, context: Context, send: Send) -> None:
    """Send the explanation of a request. Raises BadRequest."""
    told = await exchange.explain(context)
    await send_whole(send, 200, {**JSON_HEADERS, "x-wye-id": context.id}, msgspec.json.encode(told))


def explain_handler(generations: Generations) -> ASGIRouteHandler:
    """Make the handler for `/wye/explain`; it takes the body and the headers of a chat request."""

    @asgi(["/wye/explain"], copy_scope=False)
    async def explain(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            refuse_other_methods(scope)
            with generations.lease() as generation:
                body = await read_body(scope, receive, generation.config.server.max_body)
                await send_explanation(generation.exchange, read_context(scope, body), send)
        except TooLarge as error:
            await send_error(error, send, receive)
        except ProxyError as error:
            await send_error(error, send)
        except ClientLeft:
            return

    return explain
