"""Token usage, as an answer or the last chunk of a stream reports it."""

from __future__ import annotations

import msgspec


class Details(msgspec.Struct, frozen=True):
    """What the tokens of an answer were for. Source: openai-python `types/completion_usage.py`."""

    reasoning_tokens: int | None = 0


class Usage(msgspec.Struct, frozen=True):
    """Tokens that a request cost, as the upstream counted them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    completion_tokens_details: Details | None = Details()

    @property
    def reasoning_tokens(self) -> int:
        """How many of the completion's tokens were for reasoning."""
        details = self.completion_tokens_details
        return (details.reasoning_tokens or 0) if details else 0


class _WithUsage(msgspec.Struct):
    usage: Usage | None = None


def read_usage(body: bytes) -> Usage | None:
    """Find the usage in an answer; None where it has none, or none that can be read."""
    try:
        return msgspec.json.decode(body, type=_WithUsage).usage
    except msgspec.DecodeError:
        return None
