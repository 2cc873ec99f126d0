"""Upstream errors, whatever their shape, in OpenAI's.

Upstreams send an object, a string, `detail`, `message`, plain text, HTML or nothing; codes are strings, integers or
absent. The status stays; the words stay where they are words; `type` and `code` become what OpenAI's clients know.
Ollama's shapes: `openai/openai.go` (`NewError`), `server/routes.go`; llama.cpp's: `tools/server/utils.hpp`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from proxy.errors import BadGateway, UpstreamAnswered, UpstreamError
from proxy.wire.sse import Frame

_TYPES = {401: "invalid_request_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES = {401: "invalid_api_key", 413: "request_too_large", 429: "rate_limit_exceeded"}
_OPENAI_TYPES = frozenset({"invalid_request_error", "requests", "tokens", "insufficient_quota", "server_error"})
_HANDED_ON = frozenset({"retry-after", "retry-after-ms", "x-should-retry", "x-request-id"})
_OVERFLOWS = (
    "exceed_context_size",
    "exceeds the available context",
    "context size has been exceeded",
    "longer than the context length",
    "maximum context length",
)
_MAX_MESSAGE = 2_000


class Said(msgspec.Struct, frozen=True):
    """What an upstream said went wrong, field by field."""

    message: str
    type: str | None = None
    code: str | None = None
    param: str | None = None


def failure_from(status: int, headers: Mapping[str, str], body: bytes, model: str) -> UpstreamError:
    """Read an error answer. A redirect is one too: following it would move the request to another host."""
    if status < 400:  # noqa: PLR2004 - the line between answers and errors
        return BadGateway(
            f"The upstream answered {status}, which is neither an answer nor an error; it is not followed."
        )
    said = read_said(body) or Said(f"The upstream answered {status} without saying why.")
    error = normalise(status, said, model)
    handed_on = {
        name: value for name, value in headers.items() if name in _HANDED_ON or name.startswith("x-ratelimit-")
    }
    error.headers.update(handed_on)
    return error


def normalise(status: int, said: Said, model: str) -> UpstreamAnswered:
    """Give an error the status, type and code that OpenAI would have given it."""
    text = f"{said.type} {said.code} {said.message}".lower()
    if any(mark in text for mark in _OVERFLOWS):
        return UpstreamAnswered(
            said.message, status=400, type="invalid_request_error", code="context_length_exceeded", param="messages"
        )
    if status == 404 and "model" in text:  # noqa: PLR2004 - not found
        message = f"The model `{model}` does not exist or you do not have access to it."
        return UpstreamAnswered(
            message, status=404, type="invalid_request_error", code="model_not_found", param="model"
        )
    server_side = status >= 500  # noqa: PLR2004 - the line between the caller's faults and the server's
    expected = _TYPES.get(status, "server_error" if server_side else "invalid_request_error")
    kind = said.type if said.type in _OPENAI_TYPES else expected
    code = said.code or _CODES.get(status, "upstream_error" if server_side else None)
    return UpstreamAnswered(said.message, status=status, type=kind, code=code, param=said.param)


Failure = TypeVar("Failure", bound=UpstreamError)


def renamed(error: Failure, asked_as: str, model: str) -> Failure:
    """Say the model's own name in an error, where the upstream was asked for it under another."""
    error.message = error.message.replace(asked_as, model)
    return error


def read_said(body: bytes) -> Said | None:
    """Find the words in an error body, whatever it is; None where there are none."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _from_text(body.decode("utf-8", "replace"))
    return said_in(document)


def stream_failure(frame: Frame, model: str) -> UpstreamAnswered:
    """Read an error that came as an event of a stream, under `data:` or, from older llama.cpp, under `error:`."""
    return normalise(502, read_said(frame.data) or Said("The upstream's stream failed without saying why."), model)


def said_in(document: object) -> Said | None:
    """Find the words in a decoded error; a message that is itself JSON is opened, as Ollama wraps llama.cpp's."""
    if isinstance(document, str):
        return _opened(Said(document[:_MAX_MESSAGE])) if document.strip() else None
    if not isinstance(document, dict):
        return None
    inner = document.get("error", document)
    if not isinstance(inner, dict):
        return said_in(inner)
    message = next((inner[key] for key in ("message", "detail", "error") if isinstance(inner.get(key), str)), None)
    if not message:
        return None
    return _opened(Said(message[:_MAX_MESSAGE], _word(inner, "type"), _word(inner, "code"), _word(inner, "param")))


def _opened(said: Said) -> Said:
    if not said.message.lstrip().startswith("{"):
        return said
    try:
        return said_in(msgspec.json.decode(said.message)) or said
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return said


def _word(table: dict[str, Any], key: str) -> str | None:
    """Return a string field; the integer codes of llama.cpp and vLLM only repeat the status."""
    value = table.get(key)
    return value if isinstance(value, str) and value else None


def _from_text(text: str) -> Said | None:
    text = " ".join(text.split())
    if text.startswith("<"):
        return Said("The upstream answered with a page of HTML instead of JSON.")
    return Said(text[:_MAX_MESSAGE]) if text else None
