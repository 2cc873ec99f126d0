"""A faithful Ollama: the routes of `server/routes.go` over a scripted model."""

from __future__ import annotations

import hashlib
import json
import struct
import time
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any
from urllib.parse import unquote

from tests.fakes import ollama_cloud as cloud
from tests.fakes.golang import GoError, decode, parse
from tests.fakes.ollama_asked import CHAT, COMPLETION, from_chat_request, from_complete_request, read_embed
from tests.fakes.ollama_http import allowed_host, allowed_origin, date, gin
from tests.fakes.ollama_model import (
    RUNNER_DIED,
    Brain,
    Die,
    Fail,
    FakeModel,
    Piece,
    Stall,
    Think,
    ToolCall,
    calls_tools,
    echo,
    embed,
    says,
)
from tests.fakes.ollama_names import MODEL_REQUIRED, Ref, knows_sources, parse_ref
from tests.fakes.ollama_runner import BUSY, Refused, Runners, tokens, write_chat_response
from tests.fakes.ollama_written import (
    ChatWriter,
    CompleteWriter,
    Middleware,
    Writer,
    new_error,
    reply,
    response,
    to_model,
)
from tests.fakes.server import Request, Server, Wire

__all__ = [
    "BUSY",
    "RUNNER_DIED",
    "Brain",
    "Die",
    "Fail",
    "FakeModel",
    "FakeOllama",
    "Piece",
    "Stall",
    "Think",
    "ToolCall",
    "calls_tools",
    "echo",
    "says",
]

Json = dict[str, Any]
Route = Callable[[Request, Wire], Awaitable[None]]
TEXT = {"content-type": "text/plain"}


class FakeOllama(Server):
    """Ollama on loopback with the models given by name.

    `brain` decides what a model says; `runners` tells what it saw and what is loaded (`seen` is its shorthand);
    what the real one would have sent to another host is in `forwarded`, and nothing leaves. A `version` before 0.17.8
    takes `name:local` for a tag in chats; it may be replaced while it runs, as an exchanged server would.
    """

    def __init__(
        self,
        models: Mapping[str, FakeModel] | None = None,
        version: str = "0.34.0",
        *,
        no_cloud: bool = False,
        signed_in: bool = True,
        num_parallel: int = 1,
        max_queue: int = 512,
    ) -> None:
        super().__init__(self._serve_route)
        given = {"llama3": FakeModel({"completion", "tools"})} if models is None else models
        self.runners = Runners(given, num_parallel, max_queue)
        self.cloud = cloud.Cloud(no_cloud, signed_in)
        self.version = version
        self._table: dict[str, dict[str, Route]] = {
            "/": {"HEAD": self._root, "GET": self._root},
            "/api/version": {"HEAD": self._version, "GET": self._version},
            "/api/status": {"GET": self._status},
            "/api/tags": {"HEAD": self._tags, "GET": self._tags},
            "/api/show": {"POST": self._show},
            "/api/ps": {"GET": self._ps},
            "/api/generate": {"POST": self._generate},
            "/v1/models": {"GET": self._list},
            "/v1/models/:model": {"GET": self._retrieve},
            "/v1/chat/completions": {"POST": self._chat},
            "/v1/completions": {"POST": self._complete},
            "/v1/embeddings": {"POST": self._embed},
        }

    @property
    def base_url(self) -> str:
        """The address of the OpenAI-compatible routes."""
        return self.url + "/v1"

    @property
    def seen(self) -> list[Json]:
        """What reached the model, one entry for each generation: messages, options, format, tools, think."""
        return self.runners.seen

    @property
    def forwarded(self) -> list[Json]:
        """What the real one would have sent to another host: host, method, path, headers, body."""
        return self.cloud.forwarded

    @property
    def brain(self) -> Brain:
        """What decides the answers; may be replaced between requests."""
        return self.runners.brain

    @brain.setter
    def brain(self, brain: Brain) -> None:
        self.runners.brain = brain

    def start(self) -> None:
        """Listen, with nothing loaded."""
        self.runners.reset()
        super().start()

    async def _serve_route(self, request: Request, wire: Wire) -> None:
        """`server/routes.go` GenerateRoutes: CORS, then the Host check, then gin's router."""
        if not allowed_origin(request) or not allowed_host(request.header("host") or ""):
            await wire.reply(403, b"", date())
        elif request.method == "OPTIONS":
            await wire.reply(204, b"", date())
        else:
            await self._dispatch(request, wire)

    async def _dispatch(self, request: Request, wire: Wire) -> None:
        """Gin 1.10: decoded paths, one segment for a parameter, 405 with Allow, a redirect for a trailing slash."""
        path = unquote(request.path)
        routes, trimmed = self._match(path), self._match(path.rstrip("/"))
        if request.method in routes:
            await routes[request.method](request, wire)
        elif path != "/" and path.endswith("/") and request.method in trimmed:
            status = 301 if request.method == "GET" else 307
            await wire.reply(status, b"", {"location": path.rstrip("/"), **date()})
        elif routes:
            await wire.reply(405, "405 method not allowed", {**TEXT, "allow": ", ".join(routes), **date()})
        else:
            await wire.reply(404, "404 page not found", {**TEXT, **date()})

    def _match(self, path: str) -> dict[str, Route]:
        ident = path.removeprefix("/v1/models/")
        single = ident != path and ident and "/" not in ident
        return self._table.get("/v1/models/:model" if single else path, {})

    async def _root(self, _request: Request, wire: Wire) -> None:
        await wire.reply(200, "Ollama is running", date())

    async def _version(self, _request: Request, wire: Wire) -> None:
        await gin(wire, 200, {"version": self.version})

    async def _status(self, _request: Request, wire: Wire) -> None:
        """`server/routes.go` StatusHandler."""
        source = "env" if self.cloud.disabled else "none"
        await gin(wire, 200, {"cloud": {"disabled": self.cloud.disabled, "source": source}})

    async def _tags(self, _request: Request, wire: Wire) -> None:
        """`server/routes.go` ListHandler."""
        await gin(wire, 200, {"models": [self._summary(name) for name in self.runners.models]})

    async def _ps(self, _request: Request, wire: Wire) -> None:
        """`server/routes.go` PsHandler, `api/types.go` ProcessModelResponse: no capabilities, and never null."""
        loaded = [(name, model) for name, model in self.runners.models.items() if name in self.runners.loaded]
        await gin(wire, 200, {"models": [self._process(name, model) for name, model in loaded]})

    def _process(self, name: str, model: FakeModel) -> Json:
        summary = self._summary(name)
        entry = {key: summary[key] for key in ("name", "model", "size", "digest")}
        times = {"expires_at": "2026-08-01T12:05:00Z", "size_vram": 0, "context_length": model.context_length}
        return {**entry, "details": model.details(), **times}

    def _summary(self, name: str) -> Json:
        model = self.runners.models[name]
        digest = hashlib.sha256(f"{name}{model}".encode()).hexdigest()
        entry = {"name": name, "model": name, "modified_at": model.modified, "size": 1, "digest": digest}
        details = {**model.details(), "context_length": model.context_length}
        return {**entry, **model.remote(name), "details": details, "capabilities": sorted(model.capabilities)}

    async def _show(self, request: Request, wire: Wire) -> None:
        """`server/routes.go` ShowHandler, with errors as strings."""
        try:
            asked = parse(request.body)
            await gin(wire, 200, await self._info(asked.get("model") or asked.get("name") or "", request))
        except GoError as failure:
            await gin(wire, 400, {"error": "missing request body" if str(failure) == "EOF" else str(failure)})
        except Refused as refused:
            await gin(wire, refused.status, {"error": refused.message, **refused.more})

    async def _info(self, asked: str, request: Request) -> Json:
        """`server/routes.go` GetModelInfo and the checks before it."""
        ref = parse_ref(asked)
        if ref.source == "cloud":
            self.cloud.forward(request, request.path, {"model": ref.base}, cloud.NO_DETAILS)
            return {"model_info": {}, "capabilities": ["completion"]}
        model = self.runners.find(ref.name)
        if model is None:
            raise Refused(404, f"model '{ref.name.short}' not found")
        if model.remote_host and self.cloud.disabled:
            raise Refused(403, cloud.NO_DETAILS)
        if model.remote_host and ref.source == "local":
            raise Refused(404, f"model '{ref.original}' not found")
        info = {"general.architecture": model.family, f"{model.family}.context_length": model.context_length}
        shown = {"details": model.details(), **model.remote(ref.name.short), "model_info": info}
        return {**shown, "capabilities": sorted(model.capabilities), "modified_at": model.modified}

    async def _list(self, _request: Request, wire: Wire) -> None:
        """`middleware/openai.go` ListWriter and `openai/openai.go` ToListCompletion: no models make `data` null."""
        models = [to_model(name, model.created()) for name, model in self.runners.models.items()]
        await reply(wire, 200, {"object": "list", "data": models or None})

    async def _retrieve(self, request: Request, wire: Wire) -> None:
        """`middleware/openai.go` RetrieveMiddleware; a `:cloud` name goes out before it."""
        ident = unquote(request.path).removeprefix("/v1/models/")
        if cloud.named(ident):
            await self._retrieve_cloud(ident, request, wire)
            return
        try:
            await self._info(ident, request)
            model = self.runners.models[parse_ref(ident).name.short]
            await reply(wire, 200, to_model(ident, model.created()))
        except (GoError, Refused) as failure:
            status = failure.status if isinstance(failure, Refused) else 400
            await reply(wire, status, new_error(status, str(failure)))

    async def _retrieve_cloud(self, ident: str, request: Request, wire: Wire) -> None:
        """`server/cloud_proxy.go` cloudModelPathPassthroughMiddleware."""
        try:
            self.cloud.forward(request, f"/v1/models/{cloud.base(ident)}", None, cloud.NO_DETAILS)
            await gin(wire, 200, to_model(cloud.base(ident), int(time.time())))
        except Refused as refused:
            await gin(wire, refused.status, {"error": refused.message, **refused.more})

    async def _generate(self, request: Request, wire: Wire) -> None:
        """`server/routes.go` GenerateHandler without a prompt: it loads the model."""
        asked = json.loads(request.body)
        try:
            ref = self._local(asked.get("model", ""), missing=404)
            await self.runners.load(ref.name, ["completion"])
            done = {"response": "", "done": True, "done_reason": "load"}
            await gin(wire, 200, {"model": asked["model"], "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ"), **done})
        except Refused as refused:
            await gin(wire, refused.status, {"error": refused.message})

    async def _chat(self, request: Request, wire: Wire) -> None:
        """`middleware/openai.go` ChatMiddleware, then `server/routes.go` ChatHandler."""

        def read() -> tuple[Json, Writer]:
            asked = decode(parse(request.body), CHAT) or {}
            if not asked.get("messages"):
                raise GoError("[] is too short - 'messages'")
            return from_chat_request(asked), ChatWriter(wire, asked)

        await self._translated(request, wire, read, missing=400)

    async def _complete(self, request: Request, wire: Wire) -> None:
        """`middleware/openai.go` CompletionsMiddleware, then `server/routes.go` GenerateHandler."""

        def read() -> tuple[Json, Writer]:
            asked = decode(parse(request.body), COMPLETION) or {}
            return from_complete_request(asked), CompleteWriter(wire, asked)

        await self._translated(request, wire, read, missing=404)

    async def _translated(
        self, request: Request, wire: Wire, read: Callable[[], tuple[Json, Writer]], missing: int
    ) -> None:
        if await self._passed_through(request, wire):
            return
        try:
            asked, writer = read()
        except GoError as failure:
            await gin(wire, 400, new_error(400, str(failure)))
            return
        try:
            async with aclosing(self._handle(asked, missing)) as responses:
                await write_chat_response(responses, asked, writer, wire)
        except Refused as refused:
            await writer.error(refused.status, refused.message)

    async def _handle(self, asked: Json, missing: int) -> AsyncGenerator[Json, None]:
        """`server/routes.go` ChatHandler up to the runner's responses."""
        if not 0 <= asked["top_logprobs"] <= 20:
            raise Refused(400, "top_logprobs must be between 0 and 20")
        ref = self._local(asked["model"], missing)
        model = self.runners.find(ref.name)
        if model is not None and model.remote_host:
            body = {**asked, "model": model.remote(ref.name.short)["remote_model"]}
            self.cloud.chat(model.remote_host, body)
            said = response(model=asked["model"], role="assistant", created=int(time.time()))
            yield {**said, "content": "cloud: answer"}
            yield {**said, "done": True, "done_reason": "stop", "prompt": 1, "eval": 1}
            return
        await self.runners.load(ref.name, self._capabilities_for(asked, model or FakeModel(), missing))
        if not asked["messages"]:
            yield response(model=asked["model"], created=int(time.time()), done=True, done_reason="load")
            return
        if model is not None and model.system and asked["messages"][0]["role"] != "system":
            asked = {**asked, "messages": [{"role": "system", "content": model.system}, *asked["messages"]]}
        async with aclosing(self.runners.chat(ref.name, asked)) as responses:
            async for given in responses:
                yield given

    def _local(self, name: str, missing: int) -> Ref:
        """The model of a request; `missing` is the handler's status for a request that names none."""
        try:
            ref = parse_ref(name, sources=knows_sources(self.version))
        except GoError as failure:
            named = missing == 400 or str(failure) != MODEL_REQUIRED
            raise Refused(400 if named else 404, str(failure) if named else f"model '{name}' not found") from None
        model = self.runners.find(ref.name)
        if model is None or (model.remote_host and ref.source == "local"):
            raise Refused(404, f"model '{name}' not found")
        return ref

    def _capabilities_for(self, asked: Json, model: FakeModel, missing: int) -> list[str]:
        """Thinking is on unless it was refused; a model that cannot think refuses to be asked for it."""
        if "completion" not in model.capabilities:
            raise Refused(400, f'"{asked["model"]}" does not support {"chat" if missing == 400 else "generate"}')
        if "thinking" in model.capabilities:
            asked["think"] = True if asked["think"] is None else asked["think"]
        elif asked["think"]:
            raise Refused(400, f'"{asked["model"]}" does not support thinking')
        return ["completion", *(["tools"] if asked["tools"] else [])]

    async def _embed(self, request: Request, wire: Wire) -> None:
        """`middleware/openai.go` EmbeddingsMiddleware, then `server/routes.go` EmbedHandler."""
        if await self._passed_through(request, wire):
            return
        try:
            asked = read_embed(request.body)
        except GoError as failure:
            await gin(wire, 400, new_error(400, str(failure)))
            return
        try:
            await reply(wire, 200, await self._vectors(asked))
        except Refused as refused:
            await Middleware(wire, {}).error(refused.status, refused.message)

    async def _vectors(self, asked: Json) -> Json:
        given = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
        name = asked.get("model", "")
        try:
            ref = parse_ref(name)
        except GoError as failure:
            unnamed = str(failure) == MODEL_REQUIRED
            raise Refused(*((404, f"model '{name}' not found") if unnamed else (400, str(failure)))) from None
        if not all(isinstance(text, str) for text in given):
            raise Refused(400, "invalid input type")
        if self.runners.find(ref.name) is None:
            raise Refused(404, f'model "{name}" not found, try pulling it first')
        await self.runners.load(ref.name, [])
        packed = asked.get("encoding_format", "").lower() == "base64"
        vectors = [embed(text, asked.get("dimensions", 0)) for text in given]
        shown = [b64encode(struct.pack(f"<{len(v)}f", *v)).decode() if packed else v for v in vectors]
        data = [{"object": "embedding", "embedding": vector, "index": n} for n, vector in enumerate(shown)]
        count = sum(tokens({"content": text}) for text in given)
        usage = {"prompt_tokens": count, "total_tokens": count}
        return {"object": "list", "data": data, "model": asked["model"], "usage": usage}

    async def _passed_through(self, request: Request, wire: Wire) -> bool:
        """`server/cloud_proxy.go` cloudPassthroughMiddleware, before any translation."""
        if not knows_sources(self.version):
            return False
        try:
            sent = self.cloud.take(request)
        except Refused as refused:
            await gin(wire, refused.status, {"error": refused.message, **refused.more})
            return True
        if sent is not None:
            await cloud.answer(wire, sent)
        return sent is not None
