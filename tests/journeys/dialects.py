"""Streams as upstreams of other makes write them, for whichever SDK reads them through wye."""

from __future__ import annotations

from typing import Any

from tests.fakes.server import Handler, Request, Wire
from tests.fakes.upstream import DONE, SSE, event, sse

Json = dict[str, Any]


def chunk(delta: Json | None = None, reason: str | None = None, **more: Any) -> Json:
    """A chunk as a server writes it that leaves out what it can."""
    return {"id": "c-1", "created": 1, "model": "m", "choices": [{"delta": delta, "finish_reason": reason}], **more}


# What stands between two words of a stream and would break, or be lost on, an SDK that reads it directly.
HARMLESS = [
    b": comment\n\n",
    b": comment\n",
    b"id: 7\n",
    b"retry: 1000\n\n",
    b"event: ping\n\n",
    b"data:\n\n",
    b"event: chunk\n",
    b"\n\n",
    b"\xef\xbb\xbf",
    b'data: {"error":null,"choices":[]}\n\n',
]

# How a stream can fail after its first word, and what the SDK's error must say then.
FAILING: list[tuple[list[bytes], str]] = [
    ([b'error: {"code":500,"message":"llama failed","type":"server_error"}\n\n'], "llama failed"),
    ([b"error: in plain words\n\n", DONE], "in plain words"),
    ([b'event: error\ndata: {"message":"flat"}\n\n', DONE], "flat"),
    ([b'event: error\ndata: {"error":{"message":"named"}}\n\n', DONE], "named"),
    ([b'data: {"error":{"message":"object","code":500}}\n\n', DONE], "object"),
    ([b'data: {"error":"text"}\n\n', DONE], "text"),
    ([b'{"error":"bare"}\n\n', DONE], "bare"),
    ([b'{"error":"bare"}\n'], "bare"),
    ([b'data: {"choi'], "middle"),
    ([b'data: {"choices":[{"delta":{"content":"a\ndata: b"}}]}\n\n', DONE], "not JSON"),
    ([b"data: null\n\n", DONE], "not a chat completion"),
    ([b"data: [1]\n\n", DONE], "not a chat completion"),
    ([b'data: {"choices":[{"delta":{"tool_calls":5}}]}\n\n', DONE], "tool calls"),
    ([event(chunk({}, "abort")), DONE], "middle"),
    ([event(chunk({}, "error")), DONE], "middle"),
    ([event(chunk({}, "")), DONE], "middle"),
    ([event(chunk({"content": "."})), DONE], "middle"),
    ([DONE], "middle"),
    ([], "middle"),
]


def two_words(between: bytes) -> Handler:
    """Say "haha" in two chunks, with something before each."""
    word = event(chunk({"role": "assistant", "content": "ha"}))
    return sse(between + word, between + event(chunk({"content": "ha"})), event(chunk({}, "stop")))


def failing(frames: list[bytes]) -> Handler:
    """Say "ha", then these bytes, and end."""

    async def handle(_: Request, wire: Wire) -> None:
        await wire.start(200, SSE)
        for frame in (event(chunk({"role": "assistant", "content": "ha"})), *frames):
            await wire.write(frame)
        await wire.end()

    return handle
