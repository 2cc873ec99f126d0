"""The scheduler and the runner behind a fake Ollama, from `server/sched.go`, `server/routes.go`, `server/prompt.go`
and `llm/llama_server.go`: loading, waiting for a slot, truncation, generation."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tests.fakes.ollama_http import date
from tests.fakes.ollama_model import Brain, Die, Fail, FakeModel, Piece, Stall, Think, ToolCall, echo
from tests.fakes.ollama_names import Name, parse_name
from tests.fakes.ollama_written import Writer, response
from tests.fakes.server import Wire
from tests.fakes.upstream import opened

Json = dict[str, Any]
BUSY = "server busy, please try again.  maximum pending requests exceeded"
NO_SHIFT = (
    "the prompt is longer than the context length currently available to the model; shorten the prompt, adjust the "
    "context length in settings, or use a model with a longer context length"
)
NO_IMAGES = "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
GENERATION_FACTOR = 10


class Refused(Exception):
    """A `gin.H{"error": message}` that ends a handler; `more` are keys beside it."""

    def __init__(self, status: int, message: str, **more: str) -> None:
        super().__init__(message)
        self.status, self.message, self.more = status, message, more


class Runners:
    """Which models are loaded, who waits for one, and what each request let its model see."""

    def __init__(self, models: Mapping[str, FakeModel], num_parallel: int, max_queue: int) -> None:
        self.models = {parse_name(name).short: model for name, model in models.items()}
        self.num_parallel, self.max_queue = num_parallel, max_queue
        self.brain: Brain = echo
        self.load_gate: threading.Event | None = None
        self.load_error: str | None = None
        self.seen: list[Json] = []
        self.loaded: set[str] = set()
        self.loads: list[str] = []
        self.pending = self.waiting = self.active = 0
        self.reset()

    def reset(self) -> None:
        """Forget what belongs to a loop; a restarted server has nothing loaded."""
        self._loading = asyncio.Lock()
        self._slots: dict[str, asyncio.Semaphore] = {}
        self.loaded.clear()

    def find(self, name: Name) -> FakeModel | None:
        """`server/routes.go` getExistingName, then GetModel: the case of a name does not matter."""
        return next((model for known, model in self.models.items() if known.lower() == name.short.lower()), None)

    async def load(self, name: Name, wanted: list[str]) -> None:
        """`server/routes.go` scheduleRunner and `server/sched.go` getRunner: only a request that loads can be busy."""
        model = self.find(name)
        missing = [capability for capability in wanted if model and capability not in model.capabilities]
        if missing:
            raise Refused(400, f"{name.full} does not support " + "\n".join(missing))
        if name.short in self.loaded:
            return
        if self.pending > self.max_queue:
            raise Refused(503, BUSY)
        self.pending += 1
        try:
            async with self._loading:
                await self._load(name)
        finally:
            self.pending -= 1

    async def _load(self, name: Name) -> None:
        if name.short in self.loaded:
            return
        self.loads.append(name.short)
        await opened(self.load_gate)
        if self.load_error is not None:
            raise Refused(500, self.load_error)
        self.loaded.add(name.short)

    @asynccontextmanager
    async def _slot(self, name: Name) -> AsyncIterator[None]:
        """`llm/llama_server.go` s.sem: an endless, silent queue before a model that is loaded."""
        slots = self._slots.setdefault(name.short, asyncio.Semaphore(self.num_parallel))
        self.waiting += 1
        try:
            await slots.acquire()
        finally:
            self.waiting -= 1
        self.active += 1
        try:
            yield
        finally:
            self.active -= 1
            slots.release()

    async def chat(self, name: Name, asked: Json) -> AsyncGenerator[Json, None]:
        """`llm/llama_server.go` Chat and Completion: `api.ChatResponse`s, the last one done unless the runner died."""
        model = self.find(name) or FakeModel()
        async with self._slot(name):
            messages = fit(asked["messages"], model)
            seen = {**asked, "messages": messages, "options": {**model.options, **asked["options"]}}
            self.seen.append(seen)
            prompt = min(sum(map(tokens, messages)), model.context_length)
            said = Speech(model, seen, prompt)
            for piece in self.brain(seen):
                if isinstance(piece, Stall):
                    await opened(piece.event)
                elif isinstance(piece, Die):
                    return
                elif isinstance(piece, Fail):
                    raise Refused(piece.status, piece.message)
                else:
                    for given in said.add(piece):
                        yield given
                if said.full:
                    break
            yield said.last()


class Speech:
    """The responses for the pieces of one answer."""

    def __init__(self, model: FakeModel, seen: Json, prompt: int) -> None:
        self._model, self._seen, self._prompt = model, seen, prompt
        limit = GENERATION_FACTOR * model.context_length
        cap = seen["options"].get("num_predict", -1)
        self._cap = limit if cap < 0 else min(cap, limit)
        self._calls: list[Json] = []
        self._count = self._called = 0

    @property
    def full(self) -> bool:
        """Whether the cap of the request is used up."""
        return self._count >= self._cap

    def add(self, piece: Piece) -> Iterator[Json]:
        """What one piece makes Ollama emit; native templates keep their calls for the last message."""
        self._count += 1
        if isinstance(piece, Think):
            yield self._response(thinking=piece.text)
        elif isinstance(piece, str):
            yield self._response(content=piece, logprobs=self._logprobs(piece))
        elif isinstance(piece, ToolCall):
            call = self._call(piece)
            if self._model.template == "native":
                self._calls.append(call)
            else:
                yield self._response(tool_calls=[call])

    def last(self) -> Json:
        """The message that ends the answer, with its counts."""
        more = {"done": True, "prompt": self._prompt, "eval": self._count, "tool_calls": self._calls}
        return self._response(done_reason="length" if self.full else "stop", **more)

    def _call(self, piece: ToolCall) -> Json:
        ident = self._model.call_id() if piece.id is None else piece.id
        index, self._called = self._called, self._called + 1
        return {"id": ident, "function": {"index": index, "name": piece.name, "arguments": piece.arguments}}

    def _response(self, **more: Any) -> Json:
        return response(model=self._seen["model"], role="assistant", created=int(time.time()), **more)

    def _logprobs(self, piece: str) -> list[Json]:
        if not self._seen["logprobs"]:
            return []
        one = {"token": piece, "logprob": -0.25, "bytes": list(piece.encode())}
        return [{**one, "top_logprobs": [one]} if self._seen["top_logprobs"] else one]


def tokens(message: Json) -> int:
    """A word is a token, an image 768, as `server/prompt.go` counts it."""
    return len(message["content"].split()) + 768 * len(message.get("images", []))


def fit(messages: list[Json], model: FakeModel) -> list[Json]:
    """`server/prompt.go` chatPrompt and truncateNativeChatMessages: old messages go, system ones and the last stay."""
    if model.template == "native" and "vision" not in model.capabilities and any("images" in m for m in messages):
        raise Refused(500, runner_error(500, NO_IMAGES, "server_error"))
    for start in range(len(messages)):
        kept = [message for message in messages[:start] if message["role"] == "system"] + messages[start:]
        if sum(map(tokens, kept)) <= model.context_length or start == len(messages) - 1:
            break
    if sum(map(tokens, kept)) > model.context_length:
        _overflow(sum(map(tokens, kept)), model)
    return kept


def _overflow(count: int, model: FakeModel) -> None:
    """llama-server refuses; Ollama's own rendering cuts the prompt, unless the model cannot shift its context."""
    if model.template == "native":
        message = f"request ({count} tokens) exceeds the available context size ({model.context_length} tokens), "
        sizes = {"n_prompt_tokens": count, "n_ctx": model.context_length}
        raise Refused(400, runner_error(400, message + "try increasing it", "exceed_context_size_error", **sizes))
    if not model.context_shift:
        raise Refused(400, NO_SHIFT)


def runner_error(code: int, message: str, kind: str, **more: int) -> str:
    """llama-server's error body, which Ollama passes on as its own message."""
    return json.dumps({"error": {"code": code, "message": message, "type": kind, **more}}, separators=(",", ":"))


async def write_chat_response(responses: AsyncIterator[Json], asked: Json, writer: Writer, wire: Wire) -> None:
    """`server/routes.go` writeChatResponse and streamResponse: a late error becomes one more line, then it ends."""
    try:
        if not asked["stream"]:
            await writer.whole(await _gather(responses, asked))
            return
        async for given in responses:
            await writer.line(given)
    except Refused:
        if not wire.started:
            raise
        await writer.line(response())
    if wire.started:
        await wire.end()
    else:
        await wire.reply(200, b"", {"content-type": "application/x-ndjson", **date()})


async def _gather(responses: AsyncIterator[Json], asked: Json) -> Json:
    """The texts and calls of all responses in the last one; there may be none at all."""
    last, text, thinking, calls, logprobs = response(), "", "", list[Json](), list[Json]()
    async for last in responses:
        text, thinking = text + last["content"], thinking + last["thinking"]
        calls += last["tool_calls"] if asked["tools"] else []
        logprobs += last["logprobs"]
    calls = calls or last["tool_calls"]
    return {**last, "content": text, "thinking": thinking, "tool_calls": calls, "logprobs": logprobs}
