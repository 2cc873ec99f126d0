"""A plain HTTP client that shows an answer byte for byte, as it comes."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from functools import cache
from typing import Any, Self

import openai

from tests.fakes.server import Request, Server
from tests.wye_process import Wye

CHAT = "/v1/chat/completions"
PATIENCE_S = 15.0


class Raw:
    """One request and its answer."""

    def __init__(
        self,
        wye: Wye,
        body: object = None,
        *,
        method: str = "POST",
        path: str = CHAT,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", wye.port, timeout=PATIENCE_S)
        sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        self._connection.request(method, path, sent, {"content-type": "application/json", **(headers or {})})
        self._answer: http.client.HTTPResponse | None = None
        self.seen = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    @property
    def answer(self) -> http.client.HTTPResponse:
        """The answer, waiting for its head."""
        if self._answer is None:
            self._answer = self._connection.getresponse()
        return self._answer

    @property
    def headers(self) -> dict[str, str]:
        """The answer's headers, with lower-case names."""
        return {name.lower(): value for name, value in self.answer.getheaders()}

    def until(self, mark: bytes) -> bytes:
        """Read until the mark has come; return all that was read so far."""
        while mark not in self.seen:
            piece = self.answer.read1()
            assert piece, f"the answer ended after {self.seen!r}"
            self.seen += piece
        return self.seen

    def rest(self) -> bytes:
        """Read to the end; return all of the body."""
        while piece := self.answer.read1():
            self.seen += piece
        return self.seen

    def json(self) -> Any:
        """Read to the end, as JSON."""
        return json.loads(self.rest())

    def error(self) -> dict[str, Any]:
        """Read to the end, as an error in OpenAI's shape: all four keys, and nothing beside them."""
        error = error_in(self.rest())
        assert self.headers["content-type"] == "application/json"
        assert self.headers["x-request-id"]
        return error

    def leave(self) -> None:
        """Close the connection, whatever is still to come."""
        if self._connection.sock is not None:
            self._connection.sock.shutdown(socket.SHUT_RDWR)
        if self._answer is not None:
            self._answer.close()
        self._connection.close()


@cache
def sdk(wye: Wye) -> openai.OpenAI:
    """The OpenAI SDK for a wye, made once: each new one reads all certificates again."""
    return wye.client()


def said(wye: Wye, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes that no client library would, and return status, headers and body."""
    with socket.create_connection(("127.0.0.1", wye.port), timeout=PATIENCE_S) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, headers, answer.read()


def error_in(body: bytes) -> dict[str, Any]:
    """Read an error in OpenAI's shape: all four keys, and nothing beside them."""
    document = json.loads(body)
    assert set(document) == {"error"}
    assert set(document["error"]) == {"message", "type", "param", "code"}
    assert isinstance(document["error"]["message"], str)
    assert document["error"]["message"]
    return dict(document["error"])


def ready(wye: Wye) -> Wye:
    """Return a wye once it has asked its targets for their models."""
    with Raw(wye, method="GET", path="/readyz") as raw:
        raw.rest()
    return wye


def chats(server: Server) -> list[Request]:
    """The requests that a fake upstream got, without those for its list of models."""
    return [request for request in server.requests if request.method == "POST"]


def chat(text: str = "hello", **more: Any) -> dict[str, Any]:
    """Write the body of a chat request."""
    return {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}], **more}


def events(body: bytes) -> list[bytes]:
    """Cut a stream into the data of its events; anything that is none fails, comments aside."""
    found = []
    for block in body.replace(b": keep-alive\n", b"").split(b"\n\n"):
        if block:
            assert block.startswith(b"data: "), block
            assert b"\n" not in block, block
            found.append(block.removeprefix(b"data: "))
    return found


def documents(body: bytes) -> list[dict[str, Any]]:
    """Read a whole stream: `[DONE]` stands at its end, once."""
    found = events(body)
    assert found.count(b"[DONE]") == 1
    assert found[-1] == b"[DONE]"
    return [json.loads(data) for data in found[:-1]]
