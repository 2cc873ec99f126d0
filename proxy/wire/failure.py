"""OpenAI's error body, for JSON and for streams. The only place that writes one.

Shape: `{"error": {"message", "type", "param", "code"}}`, all four keys always there (openai-python `_exceptions.py`,
openai-node `core/error.ts`). In a stream the same object is one event, followed by `[DONE]`: a bare end of stream reads
as success.
"""

from __future__ import annotations

import msgspec

from proxy.errors import ProxyError
from proxy.wire.sse import DONE, event


class ErrorDetail(msgspec.Struct):
    """The four fields that every OpenAI client reads."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(msgspec.Struct):
    """An error as it stands on the wire."""

    error: ErrorDetail


def error_body(error: ProxyError) -> bytes:
    """Write the JSON body of an error."""
    return msgspec.json.encode(ErrorBody(ErrorDetail(error.message, error.type, error.param, error.code)))


def error_events(error: ProxyError) -> bytes:
    """Write an error as the end of a stream that had begun."""
    return event(error_body(error)) + DONE
