"""A chat completion request: the few fields that are read, and the bytes that are handed on.

Unknown fields are nobody's business but the upstream's: a body that nothing rewrites is sent as it came, and a
rewrite touches only its own fields. Field list: openai-python `types/chat/completion_create_params.py`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from proxy.errors import BadRequest
from proxy.wire.json_text import parse_object

PREFERENCES = "routing_preferences"


class StreamOptions(msgspec.Struct):
    """`stream_options`: whether the client wants the usage chunk."""

    include_usage: bool | None = None


class Envelope(msgspec.Struct):
    """What wye itself reads of a chat body; everything else stays in the document and in the bytes."""

    messages: list[dict[str, Any]]
    model: str | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    routing_preferences: dict[str, Any] | None = None


class ChatRequest(msgspec.Struct, frozen=True):
    """One chat request: its bytes, the whole document, and the envelope."""

    body: bytes
    document: dict[str, Any]
    envelope: Envelope

    @property
    def model(self) -> str | None:
        """The model as the client named it."""
        return self.envelope.model

    @property
    def stream(self) -> bool:
        """Whether the answer is to be a stream."""
        return self.envelope.stream is True

    @property
    def wants_usage(self) -> bool:
        """Whether the client asked for the usage chunk of a stream."""
        options = self.envelope.stream_options
        return options is not None and options.include_usage is True


def read_chat(body: bytes) -> ChatRequest:
    """Read a chat request. Raises BadRequest that names the field in `param`."""
    document = parse_object(body)
    if "messages" not in document:
        raise BadRequest(_missing(document), param="messages", code="missing_required_parameter")
    try:
        envelope = msgspec.convert(document, Envelope)
    except msgspec.ValidationError as error:
        raise _wrong_type(error) from None
    if not envelope.messages:
        raise BadRequest("'messages' must hold at least one message.", param="messages")
    if document.get("stream_options") is not None and not envelope.stream:
        raise BadRequest("'stream_options' is only allowed when 'stream' is true.", param="stream_options")
    return ChatRequest(body, document, envelope)


def _missing(document: dict[str, Any]) -> str:
    if "input" in document:
        return "This body is a Responses request ('input' without 'messages'). Chat completions need 'messages'."
    return "Missing required parameter: 'messages'."


def _wrong_type(error: msgspec.ValidationError) -> BadRequest:
    reason, _, path = str(error).partition(" - at `$.")
    param = path.rstrip("`") or None
    return BadRequest(
        f"Invalid type for '{param}': {reason[:1].lower()}{reason[1:]}.", param=param, code="invalid_type"
    )


def usage_injected(options: object) -> dict[str, Any]:
    """Return `stream_options` as they go upstream: whatever the client set, and usage always."""
    return {**(options if isinstance(options, dict) else {}), "include_usage": True}
