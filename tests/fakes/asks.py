"""Chat requests, and what is asked of a provider, for tests."""

from __future__ import annotations

from typing import Any

import msgspec

from proxy.providers.base import Ask
from proxy.wire.chat import ChatRequest, read_chat
from routing_rules import NO_LABELS, Labels, Rewrite

HELLO: list[dict[str, Any]] = [{"role": "user", "content": "hello"}]
WITH_USAGE = {"stream": True, "stream_options": {"include_usage": True}}


def chat(**fields: Any) -> ChatRequest:
    """Read a chat request with these fields; by default it says hello."""
    return read_chat(msgspec.json.encode({"model": "m", "messages": HELLO, **fields}))


def ask(
    request: ChatRequest | None = None,
    *,
    model: str = "m",
    rewrite: Rewrite | None = None,
    labels: Labels = NO_LABELS,
    strict: bool = False,
    version: str | None = None,
) -> Ask:
    """Ask a provider for something; by default an answer to hello."""
    return Ask(
        request=request or chat(),
        model=model,
        rewrite=rewrite or Rewrite(),
        labels=labels,
        strict=strict,
        version=version,
    )
