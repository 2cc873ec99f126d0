"""OpenAI itself, and whoever is byte for byte like it: what comes is handed on.

The request keeps its bytes but for the model, the rule's rewrite and `stream_options.include_usage`; answers keep
theirs. Events are searched, not decoded, once content has begun.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from proxy.errors import BadGateway, UpstreamError
from proxy.providers.base import Answer, Ask, Chunk, EventReader, Prepared
from proxy.providers.completion import usage_of
from proxy.providers.failures import Said, failure_from, normalise, said_in, stream_failure
from proxy.wire.chat import PREFERENCES, usage_injected
from proxy.wire.sse import DONE_PAYLOAD, Frame
from proxy.wire.usage import Usage, read_usage


class OpenAI:
    """The provider that hands on."""

    def prepare(self, ask: Ask) -> Prepared:
        """Splice in what has to change; with nothing to change, the body goes as it came."""
        request = ask.request
        edits: dict[str, Any] = {}
        if request.model != ask.model:
            edits["model"] = ask.model
        if request.stream and not request.wants_usage:
            edits["stream_options"] = usage_injected(request.document.get("stream_options"))
        if not edits and not ask.rewrite and PREFERENCES not in request.document:
            return Prepared(request.body)
        fields: dict[str, Any] = msgspec.json.decode(request.body, type=dict[str, msgspec.Raw])
        fields.pop(PREFERENCES, None)
        return Prepared(msgspec.json.encode({**ask.rewrite.apply(fields), **edits}))

    def answer(self, body: bytes, ask: Ask) -> Answer:
        """Hand the answer on, once it is seen to be one."""
        try:
            seen = msgspec.json.decode(body, type=_Seen)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise BadGateway("The upstream answered 200 with something that is not a chat completion.") from None
        if seen.error is not None:
            raise normalise(502, said_in(seen.error) or Said("The upstream reported an error."), ask.model)
        if not bytes(seen.choices).startswith(b"["):
            raise BadGateway("The upstream answered 200 with something that is not a chat completion.")
        return Answer(body, read_usage(body))

    def events(self, ask: Ask) -> EventReader:
        """Begin to read a stream."""
        return PassedEvents(ask)

    def failure(self, status: int, headers: Mapping[str, str], body: bytes, ask: Ask) -> UpstreamError:
        """Bring an error into OpenAI's shape, which most of the time it has."""
        return failure_from(status, headers, body, ask.model)


class _Seen(msgspec.Struct):
    """What is looked at in a whole answer."""

    choices: msgspec.Raw = msgspec.Raw(b"")
    error: Any = None


class _Choice(msgspec.Struct):
    delta: dict[str, Any] | None = None
    finish_reason: str | None = None


class _Event(msgspec.Struct):
    """What is looked at in an event that has to be decoded."""

    choices: list[_Choice] | None = None
    usage: Any = None
    error: Any = None


class PassedEvents:
    """Events that are handed on as they are. Bytes are searched first; only the telling ones are decoded."""

    def __init__(self, ask: Ask) -> None:
        self.finished = False
        self.done = False
        self.usage: Usage | None = None
        self._ask = ask
        self._begun = False

    def read(self, frame: Frame) -> Chunk | None:
        """Hand an event on; drop the usage chunk that the client did not ask for."""
        data = frame.data
        if data == DONE_PAYLOAD:
            self.done = True
            return None
        if frame.field == "error":
            raise stream_failure(frame, self._ask.model)
        if self._begun and not _telling(data):
            return Chunk(data, content=True)
        return self._look(frame)

    def _look(self, frame: Frame) -> Chunk | None:
        try:
            event = msgspec.json.decode(frame.data, type=_Event)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise BadGateway("The upstream sent an event that is not a chat completion chunk.") from None
        if event.error is not None:
            raise stream_failure(frame, self._ask.model)
        self.usage = usage_of(event.usage) or self.usage
        choices = event.choices or []
        self.finished = self.finished or any(choice.finish_reason for choice in choices)
        self._begun = self._begun or self.finished or any(_has_content(choice.delta) for choice in choices)
        if event.usage and not choices and not self._ask.request.wants_usage:
            return None
        return Chunk(_on_one_line(frame.data), self._begun)

    def end(self) -> Chunk | None:
        """Accept a finish reason or, after some content, `[DONE]` as the end: an audio stream has only the second."""
        if not (self.finished or (self.done and self._begun)):
            raise BadGateway("The upstream's stream ended in the middle of the answer.")
        return None


def _on_one_line(data: bytes) -> bytes:
    """Return JSON that came in several `data:` lines as the one line that every client reads."""
    return msgspec.json.format(data, indent=-1) if b"\n" in data else data


def _telling(data: bytes) -> bool:
    """Say whether an event may hold a finish reason, a usage or an error, or is no single line of JSON."""
    return (
        not data.startswith(b"{")
        or b"\n" in data
        or data.count(b'"finish_reason"') != data.count(b'"finish_reason":null')
        or data.count(b'"usage"') != data.count(b'"usage":null')
        or b'"error"' in data
    )


def _has_content(delta: Mapping[str, Any] | None) -> bool:
    return any(value for key, value in (delta or {}).items() if key not in {"role", "obfuscation"})
