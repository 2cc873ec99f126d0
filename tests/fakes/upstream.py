"""A scripted OpenAI: by default it answers chat as the real one does on the wire, and builders make it misbehave."""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from email.utils import formatdate
from typing import Any, Literal

from tests.fakes.server import NO_HEADERS, Handler, Request, Server, Wire

SSE = {"content-type": "text/event-stream; charset=utf-8"}
DONE = b"data: [DONE]\n\n"
Json = dict[str, Any]
End = Literal["done", "eof", "cut"]
_serial = itertools.count(1)


class FakeOpenAI(Server):
    """Answers `/v1/models` and `/v1/chat/completions`; anything else is OpenAI's own 404.

    `script`, if set, answers chat instead; `routes` ("POST /v1/embeddings" -> handler) adds other endpoints.
    """

    def __init__(
        self, models: Sequence[str] = ("gpt-4o-mini", "gpt-4o"), key: str | None = None, script: Handler | None = None
    ) -> None:
        super().__init__(self._route)
        self.models, self.key, self.script = list(models), key, script
        self.routes: dict[str, Handler] = {}

    @property
    def base_url(self) -> str:
        """What an SDK calls its base URL."""
        return self.url + "/v1"

    async def _route(self, request: Request, wire: Wire) -> None:
        call = f"{request.method} {request.path}"
        refusal = self._refuse_key(request)
        if refusal is not None:
            await refusal(request, wire)
        elif call in self.routes:
            await self.routes[call](request, wire)
        elif call == "POST /v1/chat/completions":
            await (self.script or self._chat)(request, wire)
        elif call in ("GET /v1/models", "HEAD /v1/models"):
            await wire.reply(200, {"object": "list", "data": [_model(name) for name in self.models]}, meta())
        elif call.startswith("GET /v1/models/"):
            await self._retrieve(request, wire, call.removeprefix("GET /v1/models/"))
        else:
            message = f"Invalid URL ({request.method} {request.path})"
            await error(404, None, message)(request, wire)

    def _refuse_key(self, request: Request) -> Handler | None:
        given = (request.header("authorization") or "").removeprefix("Bearer ")
        if self.key is None or given == self.key:
            return None
        if not given:
            return error(401, None, "You didn't provide an API key.")
        return error(401, "invalid_api_key", f"Incorrect API key provided: {given[:3]}***.")

    async def _retrieve(self, request: Request, wire: Wire, name: str) -> None:
        if name in self.models:
            await wire.reply(200, _model(name), meta())
        else:
            await error(404, "model_not_found", f"The model '{name}' does not exist", param="model")(request, wire)

    async def _chat(self, request: Request, wire: Wire) -> None:
        try:
            asked = request.json()
        except ValueError:
            await error(400, None, "We could not parse the JSON body of your request.")(request, wire)
            return
        refusal = self._refuse(asked)
        if refusal is not None:
            await refusal(request, wire)
        elif asked.get("stream"):
            await sse(*_chunks(asked))(request, wire)
        else:
            await wire.reply(200, _completion(asked), meta())

    def _refuse(self, asked: Any) -> Handler | None:
        model = asked.get("model") if isinstance(asked, dict) else None
        if not model:
            return error(400, None, "you must provide a model parameter")
        if model not in self.models:
            message = f"The model `{model}` does not exist or you do not have access to it."
            return error(404, "model_not_found", message)
        if not isinstance(asked.get("messages"), list):
            message = "Missing required parameter: 'messages'."
            return error(400, "missing_required_parameter", message, param="messages")
        if asked.get("stream_options") is not None and not asked.get("stream"):
            message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
            return error(400, None, message, param="stream_options")
        return None


def meta(**more: str) -> dict[str, str]:
    """The headers that OpenAI adds to every answer, with a request id of its own."""
    return {
        "x-request-id": f"req_{secrets.token_hex(16)}",
        "openai-processing-ms": "12",
        "openai-version": "2020-10-01",
        "openai-organization": "org-fake",
        "date": formatdate(usegmt=True),
        "server": "cloudflare",
        "set-cookie": "__cf_bm=fake; path=/; HttpOnly; Secure",
        "x-ratelimit-limit-requests": "10000",
        "x-ratelimit-remaining-requests": "9999",
        "x-ratelimit-reset-requests": "6ms",
        "x-ratelimit-limit-tokens": "200000",
        "x-ratelimit-remaining-tokens": "199990",
        "x-ratelimit-reset-tokens": "3ms",
        **more,
    }


def event(payload: bytes | Json | str) -> bytes:
    """One SSE event for an object or a text; bytes stay as they are, framing included."""
    if isinstance(payload, bytes):
        return payload
    text = payload if isinstance(payload, str) else json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
    return f"data: {text}\n\n".encode()


def sse(
    *payloads: bytes | Json | str,
    end: End = "done",
    gate: threading.Event | None = None,
    status: int = 200,
    headers: Mapping[str, str] = NO_HEADERS,
) -> Handler:
    """Stream the payloads, one write each; with a gate, all but the first wait until it is set."""

    async def handle(_request: Request, wire: Wire) -> None:
        await wire.start(status, {**SSE, **meta(), **headers})
        for position, payload in enumerate(payloads):
            if position == 1:
                await opened(gate)
            await wire.write(event(payload))
        if len(payloads) < 2:
            await opened(gate)
        await _finish(wire, end)

    return handle


def json_reply(status: int, body: object, headers: Mapping[str, str] = NO_HEADERS) -> Handler:
    """Answer whole; objects become JSON, and OpenAI's headers are added."""

    async def handle(_request: Request, wire: Wire) -> None:
        await wire.reply(status, body, {**meta(), **headers})

    return handle


def error(
    status: int,
    code: str | None,
    message: str = "scripted failure",
    kind: str | None = None,
    param: str | None = None,
    headers: Mapping[str, str] = NO_HEADERS,
) -> Handler:
    """Answer with an error in OpenAI's shape; the type follows the status unless `kind` names one."""
    kinds = {429: "requests"}
    kind = kind or kinds.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return json_reply(status, {"error": {"message": message, "type": kind, "param": param, "code": code}}, headers)


def silence() -> Handler:
    """Take the request and never answer; ends when the client leaves."""

    async def handle(_request: Request, wire: Wire) -> None:
        await wire.gone()

    return handle


def endless(chunk: bytes | Json | str, every_s: float = 0) -> Handler:
    """Stream the same event until the client leaves."""

    async def handle(_request: Request, wire: Wire) -> None:
        await wire.start(200, {**SSE, **meta()})
        while True:
            await wire.write(event(chunk))
            await asyncio.sleep(every_s)

    return handle


def stream_then(n_chunks: int, then: Literal["cut", "eof", "error", "stall"] = "cut") -> Handler:
    """Stream the role chunk and `n_chunks` pieces ("piece0 ", ...), then fail in the way named.

    "error" sends OpenAI's error event and ends without `[DONE]`; "stall" keeps the stream open and silent.
    """
    failure = {"error": {"message": "The server had an error", "type": "server_error", "param": None, "code": None}}

    async def handle(request: Request, wire: Wire) -> None:
        asked = request.json()
        shell, common = _shell(asked)
        deltas: list[Json] = [ROLE, *({"content": f"piece{n} "} for n in range(n_chunks))]
        await wire.start(200, {**SSE, **meta()})
        for delta in deltas:
            await wire.write(event({**shell, "choices": [_choice(0, delta)], **common}))
        if then == "stall":
            await wire.gone()
            return
        if then == "error":
            await wire.write(event(failure))
        await _finish(wire, "cut" if then == "cut" else "eof")

    return handle


async def opened(gate: threading.Event | None) -> None:
    """Return once the gate is set, without holding up the loop."""
    while gate is not None and not gate.is_set():  # noqa: ASYNC110 - set from another thread
        await asyncio.sleep(0.002)


async def _finish(wire: Wire, end: End) -> None:
    if end == "cut":
        await wire.cut()
        return
    if end == "done":
        await wire.write(DONE)
    await wire.end()


ROLE: Json = {"role": "assistant", "content": "", "refusal": None}
Speech = tuple[list[str], list[Json], str]


def last_user_text(messages: Sequence[Json]) -> str:
    """The text of the last user message, its text parts joined."""
    content = next((m.get("content") for m in reversed(messages) if m.get("role") == "user"), "")
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""


def words(text: str) -> list[str]:
    """The text in pieces that end after each space; joined they give the text again."""
    return [piece for piece in text.replace(" ", " \0").split("\0") if piece]


def _say(asked: Json) -> Speech:
    """Content pieces, tool calls and finish reason; tools are called when `tool_choice` demands it."""
    choice, tools = asked.get("tool_choice"), asked.get("tools") or []
    if isinstance(choice, dict) or (choice == "required" and tools):
        name = choice["function"]["name"] if isinstance(choice, dict) else tools[0]["function"]["name"]
        return [], [_call(name, '{"text":"' + last_user_text(asked["messages"]) + '"}')], "tool_calls"
    pieces = words(f"openai:{asked['model']}: {last_user_text(asked['messages'])}")
    cap = asked.get("max_completion_tokens") or asked.get("max_tokens")
    return (pieces[:cap], [], "length") if cap and cap < len(pieces) else (pieces, [], "stop")


def _call(name: str, arguments: str) -> Json:
    return {
        "id": f"call_{secrets.token_hex(12)}",
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def _model(name: str) -> Json:
    return {"id": name, "object": "model", "created": 1715367049, "owned_by": "system"}


def _usage(asked: Json, spoken: int) -> Json:
    prompt = sum(len(str(message.get("content") or "").split()) + 4 for message in asked["messages"])
    none = {"audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}
    return {
        "prompt_tokens": prompt,
        "completion_tokens": spoken,
        "total_tokens": prompt + spoken,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, **none},
    }


def _shell(asked: Json, kind: str = "chat.completion.chunk") -> tuple[Json, Json]:
    """What every object of one answer begins and ends with."""
    ident = f"chatcmpl-{next(_serial):06d}{secrets.token_hex(8)}"
    start = {"id": ident, "object": kind, "created": int(time.time()), "model": asked.get("model")}
    return start, {"service_tier": "default", "system_fingerprint": "fp_44709d6fcb"}


def _choice(index: int, delta: Json, reason: str | None = None) -> Json:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}


def _completion(asked: Json) -> Json:
    pieces, calls, reason = _say(asked)
    start, common = _shell(asked, "chat.completion")
    message: Json = {"role": "assistant", "content": None if calls else "".join(pieces), "refusal": None}
    message |= {"tool_calls": calls} if calls else {"annotations": []}
    count = asked.get("n") or 1
    choices = [{"index": n, "message": message, "logprobs": None, "finish_reason": reason} for n in range(count)]
    return {**start, "choices": choices, "usage": _usage(asked, count * (len(pieces) + len(calls))), **common}


def _chunks(asked: Json) -> list[Json]:
    """Every chunk of the answer in the order of the wire; choices interleave when n > 1."""
    pieces, calls, reason = _say(asked)
    options = asked.get("stream_options") or {}
    start, common = _shell(asked)
    tail: Callable[[], Json] = lambda: {} if options.get("include_obfuscation") is False else _padding()  # noqa: E731
    nothing = {"usage": None} if options.get("include_usage") else {}
    moves = [(ROLE, None), *((delta, None) for delta in _deltas(pieces, calls)), ({}, reason)]
    chunks = [
        {**start, **common, "choices": [_choice(index, delta, why)], **nothing, **tail()}
        for delta, why in moves
        for index in range(asked.get("n") or 1)
    ]
    if options.get("include_usage"):
        usage = _usage(asked, (asked.get("n") or 1) * (len(pieces) + len(calls)))
        chunks.append({**start, **common, "choices": [], "usage": usage, **tail()})
    return chunks


def _deltas(pieces: Sequence[str], calls: Sequence[Json]) -> list[Json]:
    deltas: list[Json] = [{"content": piece} for piece in pieces]
    for index, call in enumerate(calls):
        head = {**call, "function": {**call["function"], "arguments": ""}}
        deltas.append({"tool_calls": [{"index": index, **head}]})
        pieces_of = words(call["function"]["arguments"])
        deltas += [{"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in pieces_of]
    return deltas


def _padding() -> Json:
    return {"obfuscation": secrets.token_urlsafe(6)[: 1 + secrets.randbelow(8)]}
