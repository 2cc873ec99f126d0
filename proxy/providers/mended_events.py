"""The chunks of a local server's stream, each brought into OpenAI's exact form.

Ollama swallows an error after the first chunk: it writes a chunk with `model: ""` and ends the stream without a finish
reason (`middleware/openai.go`, `ChatWriter`). Such an end is an error here, and so is every other that is not whole.
"""

from __future__ import annotations

import time
from typing import Any

import msgspec

from proxy.errors import BadGateway, UpstreamAnswered
from proxy.providers.base import Ask, Chunk
from proxy.providers.completion import finish_reason, index_of, mended_usage, new_id, usage_of
from proxy.providers.failures import renamed, stream_failure
from proxy.providers.tool_calls import ToolCalls
from proxy.wire.sse import DONE_PAYLOAD, Frame
from proxy.wire.usage import Usage

_NOT_CONTENT = frozenset({"role", "refusal"})


class MendedEvents:
    """Reads a stream chunk by chunk and writes each as OpenAI would."""

    def __init__(self, ask: Ask, asked_as: str | None = None) -> None:
        """Take what was asked, and the name under which the upstream was asked for the model, where it is another."""
        self.finished = False
        self.done = False
        self.usage: Usage | None = None
        self._ask = ask
        self._asked_as = asked_as or ask.model
        self._id = new_id()
        self._created = int(time.time())
        self._calls: dict[int, ToolCalls] = {}
        self._introduced: set[int] = set()
        self._counted: dict[str, Any] | None = None  # the last chunk that told the usage, until the client has it

    def read(self, frame: Frame) -> Chunk | None:
        """Mend one chunk; None where the client gets nothing for it."""
        if frame.data == DONE_PAYLOAD:
            self.done = True
            return None
        if frame.field == "error":
            raise self._failure(frame)
        document = _decode(frame)
        if document.get("error") is not None:
            raise self._failure(frame)
        if document.get("model") == "":
            raise BadGateway("The upstream failed in the middle of the answer.")
        return self._chunk(document)

    def end(self) -> Chunk | None:
        """Refuse an end without a finish reason: every client would take half an answer for a whole one.

        The usage comes last, once: llama.cpp gives it with the finish reason, vLLM can give it with every chunk.
        """
        if not self.finished:
            raise BadGateway("The upstream's stream ended in the middle of the answer.")
        counted, self._counted = self._counted, None
        if counted is None or not self._ask.request.wants_usage:
            return None
        written = {**self._written(counted, []), "usage": mended_usage(counted["usage"])}
        return Chunk(msgspec.json.encode(written), content=True)

    def _failure(self, frame: Frame) -> UpstreamAnswered:
        return renamed(stream_failure(frame, self._ask.model), self._asked_as, self._ask.model)

    def _model(self, said: object) -> object:
        return self._ask.model if said == self._asked_as else said or self._ask.model

    def _chunk(self, document: dict[str, Any]) -> Chunk | None:
        if document.get("usage"):
            self.usage, self._counted = usage_of(document["usage"]) or self.usage, document
        choices = [self._choice(choice, at) for at, choice in enumerate(_listed(document.get("choices")))]
        if not choices:
            return None
        content = self.finished or any(_has_content(choice["delta"]) for choice in choices)
        return Chunk(msgspec.json.encode(self._written(document, choices)), content)

    def _written(self, document: dict[str, Any], choices: list[dict[str, Any]]) -> dict[str, Any]:
        written = {
            **document,
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._model(document.get("model")),
            "choices": choices,
        }
        written.pop("usage", None)
        written.pop("error", None)
        if self._ask.request.wants_usage:
            written["usage"] = None
        return written

    def _choice(self, choice: dict[str, Any], at: int) -> dict[str, Any]:
        index = index_of(choice, at)
        reason = choice.get("finish_reason") or None
        delta = self._delta(_table(choice.get("delta") or {}), index)
        if reason is not None:
            reason = finish_reason(reason, called=bool(self._calls.get(index)))
            self.finished = True
        return {**choice, "index": index, "delta": delta, "logprobs": choice.get("logprobs"), "finish_reason": reason}

    def _delta(self, delta: dict[str, Any], index: int) -> dict[str, Any]:
        """Give the role once, content only where there is some, and tool calls in order."""
        mended = {
            name: value for name, value in delta.items() if value is not None and name not in {"role", "tool_calls"}
        }
        if mended.get("content") == "" and len(mended) > 1:
            del mended["content"]
        if calls := delta.get("tool_calls"):
            mended["tool_calls"] = self._calls.setdefault(index, ToolCalls()).delta(calls)
            mended = {name: value for name, value in mended.items() if name != "content" or value}
        if index in self._introduced:
            return mended
        self._introduced.add(index)
        return {"role": "assistant", "content": "", "refusal": None, **mended}


def _decode(frame: Frame) -> dict[str, Any]:
    try:
        return _table(msgspec.json.decode(frame.data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadGateway("The upstream sent an event that is not JSON.") from None


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadGateway("The upstream sent an event that is not a chat completion chunk.")
    return value


def _listed(choices: object) -> list[dict[str, Any]]:
    if not isinstance(choices, list | None):
        raise BadGateway("The upstream sent an event that is not a chat completion chunk.")
    return [_table(choice) for choice in choices or []]


def _has_content(delta: dict[str, Any]) -> bool:
    return any(value for name, value in delta.items() if name not in _NOT_CONTENT)
