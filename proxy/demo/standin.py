"""A stand-in for OpenAI, for a machine without a key: canned words in exactly OpenAI's shape.

Every answer says that it is a stand-in, and so does `owned_by` in the list of models: nobody should mistake it for
the real thing. `python -m proxy.demo.standin --port N` serves until it is told to stop.
"""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Awaitable, Callable

import msgspec

from proxy.demo.canned import Ask, Json, Refused, completion, frames, model_list, parse
from proxy.demo.child import leave, when_stdin_ends

Receive = Callable[[], Awaitable[Json]]
Send = Callable[[Json], Awaitable[None]]


async def app(scope: Json, receive: Receive, send: Send) -> None:
    """Serve the whole API: the models, one chat endpoint, and OpenAI's error shape for the rest."""
    if scope["type"] != "http":
        return
    try:
        await _route(scope["method"], scope["path"], receive, send)
    except Refused as refused:
        await _send_json(send, refused.body, refused.status)


async def _route(method: str, path: str, receive: Receive, send: Send) -> None:
    match method, path:
        case "GET", "/v1/models":
            await _send_json(send, model_list())
        case "POST", "/v1/chat/completions":
            await _chat(parse(await _body(receive)), send)
        case _:
            raise Refused(404, f"Invalid URL ({method} {path})", code="unknown_url")


async def _chat(ask: Ask, send: Send) -> None:
    if not ask.stream:
        await _send_json(send, completion(ask))
        return
    await _start(send, 200, b"text/event-stream; charset=utf-8")
    async for frame in frames(ask):
        await send({"type": "http.response.body", "body": frame, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        event = await receive()
        parts.append(event.get("body", b""))
        if not event.get("more_body"):
            return b"".join(parts)


async def _start(send: Send, status: int, content_type: bytes) -> None:
    headers = [(b"content-type", content_type), (b"x-request-id", f"req_{uuid.uuid4().hex}".encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _send_json(send: Send, body: Json, status: int = 200) -> None:
    await _start(send, status, b"application/json")
    await send({"type": "http.response.body", "body": msgspec.json.encode(body)})


def main() -> None:
    """Serve until SIGTERM, or until whoever started us is gone."""
    # Imported here: only the child process serves; tests and readers of the shapes do not.
    import uvicorn

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    when_stdin_ends(leave)
    uvicorn.run(app, host="127.0.0.1", port=port, lifespan="off", log_level="warning")


if __name__ == "__main__":
    main()
