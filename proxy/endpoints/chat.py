"""`POST /v1/chat/completions`: bytes in, bytes out. A bare ASGI handler, since the body is nobody's model here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import unquote_plus

from litestar import asgi
from litestar.handlers import ASGIRouteHandler

from proxy.endpoints.asgi_types import Receive, Scope, Send
from proxy.endpoints.body import ClientLeft, read_body
from proxy.endpoints.sending import send_error, send_reply
from proxy.errors import MethodNotAllowed, ProxyError, TooLarge
from proxy.pipeline.context import Context
from proxy.pipeline.exchange import Exchange
from proxy.tasks import Tasks

PATHS = ["/v1/chat/completions", "/chat/completions"]  # the second: a base URL without /v1


def chat_handler(exchange: Exchange, tasks: Tasks, max_body: int, keep_alive_s: float) -> ASGIRouteHandler:
    """Make the handler for chat requests."""

    @asgi(PATHS, copy_scope=False)
    async def chat(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            refuse_other_methods(scope)
            context = read_context(scope, await read_body(scope, receive, max_body))
            async with leaving(receive, tasks):
                await send_reply(await exchange.answer(context), send, tasks, keep_alive_s)
        except TooLarge as error:
            await send_error(error, send, receive)
        except ProxyError as error:
            await send_error(error, send)
        except ClientLeft:
            return

    return chat


def refuse_other_methods(scope: Scope) -> None:
    """Raise MethodNotAllowed for any method but POST."""
    if scope.get("method") != "POST":
        error = MethodNotAllowed("Only POST is allowed here.")
        error.headers["allow"] = "POST"
        raise error


def read_context(scope: Scope, body: bytes) -> Context:
    """Take in what an exchange reads of a request."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        # A field that comes twice is one list (RFC 9110, 5.2): a label in the first must not be lost to the second.
        key, text = name.decode("latin-1"), value.decode("latin-1").strip(" \t")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    address = f"{scope['path']}?{unquote_plus(scope['query_string'].decode('latin-1'))}"
    return Context(id=scope["state"]["wye_id"], endpoint="chat", headers=headers, body=body, address=address)


@asynccontextmanager
async def leaving(receive: Receive, tasks: Tasks) -> AsyncIterator[None]:
    """Cancel what is done for a client as soon as it leaves. Raises ClientLeft in its place."""
    mine, left = asyncio.current_task(), False

    async def watch() -> None:
        nonlocal left
        while (await receive())["type"] != "http.disconnect":
            pass
        if mine is not None and not finished:
            left = True
            mine.cancel()

    finished = False
    watcher = tasks.start(watch())
    try:
        yield
        finished = True
    except asyncio.CancelledError:
        if not left:
            raise
        if mine is not None:
            mine.uncancel()
        raise ClientLeft from None
    finally:
        watcher.cancel()
