"""The requests that the doctor sends to one target: its address, who asks, and a chat as small as can be."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import quote, urlencode

import msgspec

from proxy.doctor.ask import Answer, Ask, Unreachable
from routing_rules import Target

# OpenAI's reasoning models refuse `max_tokens`, and spend a few tokens before the first word.
_OPENAI_LENGTH = {"max_completion_tokens": 16}
_LENGTH = {"max_tokens": 1}


class Questions:
    """Asks one target, within one limit for all that is asked."""

    def __init__(self, target: Target, key: str | None, ask: Ask, limit_s: float) -> None:
        self._target = target
        self._ask = ask
        self._limit_s = limit_s
        self._ends = asyncio.get_running_loop().time() + limit_s
        self._headers = {"accept": "application/json", **_identity(target, key), **_lowered(target.headers)}

    async def models(self) -> Answer:
        """Ask for the list of models. Raises Unreachable."""
        return await self._send("GET", "/models", "", None)

    async def chat(self, model: str) -> Answer:
        """Ask for the shortest of streams. Raises Unreachable."""
        length = _OPENAI_LENGTH if self._target.kind == "openai" else _LENGTH
        messages = [{"role": "user", "content": "Say hi."}]
        body = msgspec.json.encode({"model": model, "messages": messages, "stream": True, **length})
        return await self._send("POST", "/chat/completions", model, body)

    async def _send(self, method: str, path: str, model: str, body: bytes | None) -> Answer:
        left_s = self._ends - asyncio.get_running_loop().time()
        headers = {**self._headers, "content-type": "application/json"} if body else self._headers
        try:
            async with asyncio.timeout(max(left_s, 0)):
                return await self._ask(method, self._url(path, model), headers, body, left_s)
        except TimeoutError:
            raise Unreachable(f"no answer within {self._limit_s:g} s", "time") from None

    def _url(self, path: str, model: str) -> str:
        base = self._target.url.rstrip("/").replace("{model}", quote(model, safe=""))
        query = urlencode(self._target.query)
        return f"{base}{path}?{query}" if query else base + path


def _identity(target: Target, key: str | None) -> dict[str, str]:
    named = {"openai-organization": target.organization, "openai-project": target.project}
    headers = {name: value for name, value in named.items() if value}
    if key is not None:
        bearer = target.auth == "bearer"
        headers[("authorization" if bearer else target.auth.removeprefix("header:")).lower()] = (
            f"Bearer {key}" if bearer else key
        )
    return headers


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
