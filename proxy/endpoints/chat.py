"""`POST /v1/chat/completions`: bytes in, bytes out. A bare ASGI handler, since the body is nobody's model here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import asgi
from litestar.handlers import ASGIRouteHandler

from proxy.endpoints.asgi_types import Receive, Scope, Send
from proxy.endpoints.body import ClientLeft, read_body
from proxy.endpoints.explain import asks_why, send_explanation
from proxy.endpoints.requests import read_context, refuse_other_methods
from proxy.endpoints.sending import send_error, send_reply
from proxy.errors import ProxyError, TooLarge
from proxy.reload.generations import Generations
from proxy.tasks import Tasks

PATHS = ["/v1/chat/completions", "/chat/completions"]  # the second: a base URL without /v1


def chat_handler(generations: Generations, tasks: Tasks) -> ASGIRouteHandler:
    """Make the handler for chat requests. Each is answered by the rules that were in force when it came."""

    @asgi(PATHS, copy_scope=False)
    async def chat(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            refuse_other_methods(scope)
            with generations.lease() as generation:
                server = generation.config.server
                context = read_context(scope, await read_body(scope, receive, server.max_body))
                if asks_why(context.headers):
                    await send_explanation(generation.exchange, context, send)
                    return
                async with leaving(receive, tasks):
                    reply = await generation.exchange.answer(context)
                    await send_reply(reply, send, tasks, server.keep_alive)
        except TooLarge as error:
            await send_error(error, send, receive)
        except ProxyError as error:
            await send_error(error, send)
        except ClientLeft:
            return

    return chat


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
