"""A transport without a network, to stand below the egress: it answers by host, and remembers what was sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx
import msgspec

Answer = Callable[[httpx.Request], httpx.Response]
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


class FakeTransport(httpx.AsyncBaseTransport):
    """Answers each host with the next of its answers, the last one again and again; an exception is raised.

    Which Ollama a host is, it says apart from that (`versions`), and that it was asked is in `probed`. So it is with
    the models that are loaded (`loaded`; by default it cannot tell), of which `asked_loaded` counts the questions.
    """

    def __init__(self, **answers: Answer | Exception | list[Answer | Exception]) -> None:
        self._answers = {host: list(given) if isinstance(given, list) else [given] for host, given in answers.items()}
        self.requests: list[httpx.Request] = []
        self.bodies: list[Body] = []
        self.asked = asyncio.Event()
        self.versions: dict[str, Answer | Exception] = {}
        self.probed: list[str] = []
        self.loaded: dict[str, Answer | Exception] = {}
        self.asked_loaded: list[str] = []

    @property
    def hosts(self) -> list[str]:
        """The hosts that something was sent to, in order."""
        return [request.url.host for request in self.requests]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, or raise."""
        if request.url.path.endswith("/api/version"):
            self.probed.append(request.url.host)
            return self._answered(self.versions.get(request.url.host, reply(200, {"version": "0.34.0"})), request)
        if request.url.path.endswith("/api/ps"):
            self.asked_loaded.append(request.url.host)
            return self._answered(self.loaded.get(request.url.host, reply(404, b"404 page not found")), request)
        self.requests.append(request)
        self.asked.set()
        answers = self._answers[request.url.host]
        return self._answered(answers.pop(0) if len(answers) > 1 else answers[0], request)

    def _answered(self, answer: Answer | Exception, request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        response = answer(request)
        if isinstance(response.stream, Body):
            self.bodies.append(response.stream)
        return response


class Body(httpx.AsyncByteStream):
    """A body in pieces: bytes come at once, an event is waited for, an exception is raised."""

    def __init__(self, *pieces: bytes | asyncio.Event | Exception) -> None:
        self._pieces = pieces
        self.read = 0
        self.closed = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, bytes):
                self.read += 1
                yield piece
            elif isinstance(piece, asyncio.Event):
                await piece.wait()
            else:
                raise piece

    async def aclose(self) -> None:
        """Count how often it was closed: once is right."""
        self.closed += 1


def reply(status: int, body: object, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer whole; objects become JSON."""
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return lambda _: httpx.Response(
        status, headers={"content-type": "application/json", **(headers or {})}, stream=Body(data)
    )


def completion(text: str = "hello", **more: Any) -> Answer:
    """Answer with a whole completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return reply(200, {"id": "c", "model": "m", "choices": [choice], "usage": USAGE, **more})


def failure(status: int, message: str = "scripted", headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with an error in OpenAI's shape."""
    return reply(status, {"error": {"message": message, "type": "x", "param": None, "code": None}}, headers)


def stream(*pieces: bytes | asyncio.Event | Exception, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with a stream of these pieces."""
    kind = {"content-type": "text/event-stream", **(headers or {})}
    return lambda _: httpx.Response(200, headers=kind, stream=Body(*pieces))


def chunk(content: str | None = None, reason: str | None = None) -> bytes:
    """Write one event of a stream."""
    choice = {"index": 0, "delta": {} if content is None else {"content": content}, "finish_reason": reason}
    return b"data: " + msgspec.json.encode({"id": "c", "model": "m", "choices": [choice]}) + b"\n\n"


STOP = chunk(reason="stop")
LAST = b"data: " + msgspec.json.encode({"id": "c", "model": "m", "choices": [], "usage": USAGE}) + b"\n\n"
DONE = b"data: [DONE]\n\n"
