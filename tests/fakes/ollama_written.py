"""What Ollama writes for OpenAI clients, from `openai/openai.go` and `middleware/openai.go`."""

from __future__ import annotations

import random
import time
from email.utils import formatdate
from typing import Any, Protocol

from tests.fakes.golang import marshal
from tests.fakes.ollama_names import parse_name
from tests.fakes.server import Wire

Json = dict[str, Any]
ZERO_TIME = -62135596800


def new_error(status: int, message: str) -> Json:
    """`openai/openai.go` NewError: the type follows from the status alone."""
    kind = {400: "invalid_request_error", 404: "not_found_error"}.get(status, "api_error")
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


def response(**more: Any) -> Json:
    """An `api.ChatResponse`; without arguments it is Go's zero value, which is also what an error line reads as."""
    zero = {"model": "", "created": ZERO_TIME, "role": "", "content": "", "thinking": "", "tool_calls": []}
    return {**zero, "done": False, "done_reason": "", "prompt": 0, "eval": 0, "logprobs": [], **more}


class Writer(Protocol):
    """What stands between a handler and the client."""

    async def error(self, status: int, message: str) -> None:
        """Answer with an error before anything else was written."""

    async def whole(self, given: Json) -> None:
        """Answer in one piece."""

    async def line(self, given: Json) -> None:
        """Pass on one line of the stream."""


class Middleware:
    """`middleware/openai.go` BaseWriter: errors in OpenAI's shape, and the stream's head with its first line."""

    def __init__(self, wire: Wire, asked: Json) -> None:
        self.wire, self.include_usage = wire, (asked.get("stream_options") or {}).get("include_usage", False)

    async def error(self, status: int, message: str) -> None:
        """`BaseWriter.writeError`."""
        await reply(self.wire, status, new_error(status, message))

    async def data(self, chunk: Json) -> None:
        """One event."""
        if not self.wire.started:
            await self.wire.start(200, {"content-type": "text/event-stream", "date": formatdate(usegmt=True)})
        await self.wire.write(f"data: {marshal(chunk)}\n\n".encode())

    async def done(self) -> None:
        """The last event."""
        await self.wire.write(b"data: [DONE]\n\n")


class ChatWriter(Middleware):
    """`middleware/openai.go` ChatWriter."""

    def __init__(self, wire: Wire, asked: Json) -> None:
        super().__init__(wire, asked)
        self.ident = f"chatcmpl-{random.randrange(999)}"
        self.created, self.sent_call, self.sent_first = 0, False, False

    async def whole(self, given: Json) -> None:
        """`openai/openai.go` ToChatCompletion; the finish reason is null when the runner gave none."""
        calls = to_tool_calls(given["tool_calls"])
        reason = "tool_calls" if given["done_reason"] == "stop" and calls else given["done_reason"] or None
        said = {"reasoning": given["thinking"], "tool_calls": calls}
        message = {"role": given["role"], "content": given["content"], **{k: v for k, v in said.items() if v}}
        choice = {"index": 0, "message": message, "finish_reason": reason, **_logprobs(given)}
        shell = _shell(self.ident, "chat.completion", given["created"], given["model"])
        await reply(self.wire, 200, {**shell, "choices": [choice], "usage": _usage(given)})

    async def line(self, given: Json) -> None:
        """`ChatWriter.writeResponse` for a stream."""
        self.created = self.created or (int(time.time()) if given["created"] == ZERO_TIME else given["created"])
        said = given["content"] or given["thinking"] or given["tool_calls"] or given["logprobs"]
        if said or not (given["done"] and self.sent_first):
            for delta, logprobs in self._deltas(given):
                await self.data(self._chunk(given, delta, None, logprobs))
            self.sent_first, self.sent_call = True, self.sent_call or bool(given["tool_calls"])
        if given["done"]:
            await self._finish(given)

    def _deltas(self, given: Json) -> list[tuple[Json, Json]]:
        """`openai/openai.go` ToStreamChunks: reasoning goes before content and calls, in a chunk of its own."""
        role = {} if self.sent_first else {"role": "assistant"}
        thinking = {"reasoning": given["thinking"]} if given["thinking"] else {}
        calls = {"tool_calls": to_tool_calls(given["tool_calls"])} if given["tool_calls"] else {}
        rest = {"content": given["content"], **calls}
        if thinking and (given["content"] or calls):
            return [({**role, **thinking}, _logprobs(given)), (rest, {})]
        return [({**role, "content": given["content"], **thinking, **calls}, _logprobs(given))]

    async def _finish(self, given: Json) -> None:
        reason = given["done_reason"] or "stop"
        reason = "tool_calls" if reason == "stop" and self.sent_call else reason
        finish = self._chunk(given, {}, reason, {})
        await self.data(finish)
        if self.include_usage:
            await self.data({**finish, "choices": [], "usage": _usage(given)})
        await self.done()

    def _chunk(self, given: Json, delta: Json, reason: str | None, logprobs: Json) -> Json:
        shell = _shell(self.ident, "chat.completion.chunk", self.created, given["model"])
        return {**shell, "choices": [{"index": 0, "delta": delta, "finish_reason": reason, **logprobs}]}


class CompleteWriter(Middleware):
    """`middleware/openai.go` CompleteWriter."""

    def __init__(self, wire: Wire, asked: Json) -> None:
        super().__init__(wire, asked)
        self.ident = f"cmpl-{random.randrange(999)}"

    async def whole(self, given: Json) -> None:
        """`openai/openai.go` ToCompletion."""
        await reply(self.wire, 200, {**self._text(given, given["created"]), "usage": _usage(given)})

    async def line(self, given: Json) -> None:
        """`CompleteWriter.writeResponse` for a stream: the finish reason comes with the last text."""
        chunk = self._text(given, int(time.time()))
        if self.include_usage:
            chunk["usage"] = _usage(response())
        await self.data(chunk)
        if given["done"]:
            if self.include_usage:
                await self.data({**chunk, "choices": [], "usage": _usage(given)})
            await self.done()

    def _text(self, given: Json, created: int) -> Json:
        choice = {"text": given["content"], "index": 0, "finish_reason": given["done_reason"] or None}
        shell = _shell(self.ident, "text_completion", created, given["model"])
        fingerprint = shell.pop("system_fingerprint")
        model = shell.pop("model")
        return {**shell, "choices": [choice], "model": model, "system_fingerprint": fingerprint}


async def reply(wire: Wire, status: int, body: Json, kind: str = "application/json") -> None:
    """A JSON answer as Go's encoder writes it, newline included."""
    headers = {"content-type": kind, "date": formatdate(usegmt=True)}
    await wire.reply(status, f"{marshal(body)}\n".encode(), headers)


def to_tool_calls(calls: list[Json]) -> list[Json]:
    """`openai/openai.go` ToToolCalls."""
    return [
        {
            "id": call["id"],
            "index": call["function"]["index"],
            "type": "function",
            "function": {"name": call["function"]["name"], "arguments": marshal(call["function"]["arguments"])},
        }
        for call in calls
    ]


def to_model(ident: str, modified: int) -> Json:
    """`openai/openai.go` ToModel."""
    return {"id": ident, "object": "model", "created": modified, "owned_by": parse_name(ident).namespace}


def _shell(ident: str, kind: str, created: int, model: str) -> Json:
    return {"id": ident, "object": kind, "created": created, "model": model, "system_fingerprint": "fp_ollama"}


def _usage(given: Json) -> Json:
    prompt, spoken = given["prompt"], given["eval"]
    return {"prompt_tokens": prompt, "completion_tokens": spoken, "total_tokens": prompt + spoken}


def _logprobs(given: Json) -> Json:
    return {"logprobs": {"content": given["logprobs"]}} if given["logprobs"] else {}
