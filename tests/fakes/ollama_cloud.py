"""Where Ollama would send a request to another host, from `server/cloud_proxy.go`; here it is only written down."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.golang import GoError, parse
from tests.fakes.ollama_names import parse_ref
from tests.fakes.ollama_runner import Refused
from tests.fakes.ollama_written import ChatWriter, response
from tests.fakes.server import Request, Wire

Json = dict[str, Any]
HOST = "https://ollama.com:443"
NO_INFERENCE = "ollama cloud is disabled: remote model is unavailable"
NO_DETAILS = "ollama cloud is disabled: remote model details are unavailable"
HOP_BY_HOP = re.compile(r"connection|content-length|proxy-|keep-alive|te$|trailer|transfer-encoding|upgrade|host$")


class Cloud:
    """The record of what would have left, and the reasons for which nothing may."""

    def __init__(self, disabled: bool, signed_in: bool) -> None:
        self.disabled, self.signed_in = disabled, signed_in
        self.forwarded: list[Json] = []

    def take(self, request: Request) -> Json | None:
        """`cloudPassthroughMiddleware`: the body of a request that names a `:cloud` model, which is then gone."""
        try:
            body = parse(request.body)
        except GoError:
            return None
        model = body.get("model") if isinstance(body, dict) else None
        if not isinstance(model, str) or not named(model):
            return None
        sent = {**body, "model": base(model)}
        self.forward(request, request.path, sent, NO_INFERENCE)
        return sent

    def forward(self, request: Request, path: str, body: Json | None, refusal: str) -> None:
        """`proxyCloudRequestWithPath`: the client's headers go along, but for the hop-by-hop ones."""
        headers = {name: value for name, value in request.headers if not HOP_BY_HOP.match(name)}
        self._send(refusal, host=HOST, method=request.method, path=path, headers=headers, body=body)

    def chat(self, host: str, body: Json) -> None:
        """`server/routes.go` ChatHandler for a manifest with a remote host: a new request to `/api/chat` there."""
        if not self.disabled and urlsplit(host).hostname != "ollama.com":
            raise Refused(400, "this server cannot run this remote model")
        self._send(NO_INFERENCE, host=host, method="POST", path="/api/chat", headers={}, body=body)

    def _send(self, refusal: str, **sent: Any) -> None:
        if self.disabled:
            raise Refused(403, refusal)
        self.forwarded.append(sent)
        if not self.signed_in:
            raise Refused(401, "unauthorized", signin_url="https://ollama.com/connect?name=fake&key=fake")


def named(model: str) -> bool:
    """Whether a name asks for the cloud by itself."""
    try:
        return parse_ref(model).source == "cloud"
    except GoError:
        return False


def base(model: str) -> str:
    """The name without what asks for the cloud."""
    return parse_ref(model).base


async def answer(wire: Wire, body: Json) -> None:
    """What a cloud would answer; only that there was an answer matters."""
    writer = ChatWriter(wire, body)
    said = response(model=body["model"], role="assistant", created=int(time.time()), content="cloud: answer")
    done = {"done": True, "done_reason": "stop", "prompt": 1, "eval": 1}
    if not body.get("stream"):
        await writer.whole({**said, **done})
        return
    await writer.line(said)
    await writer.line({**said, **done, "content": ""})
    await wire.end()
