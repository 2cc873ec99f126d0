"""Answers of local servers, brought into OpenAI's exact form: whole ones and the chunks of a stream alike.

One pass for Ollama, llama.cpp, vLLM and LM Studio; which of them needs which mend is written at each mend. What cannot
be mended is an error: half an answer is never handed on as a whole one.
"""

from __future__ import annotations

import secrets
from typing import Any

import msgspec

from proxy.errors import BadGateway
from proxy.providers.tool_calls import ToolCalls
from proxy.wire.usage import Usage

_FINISH_REASONS = {
    **{reason: reason for reason in ("stop", "length", "tool_calls", "content_filter", "function_call")},
    **dict.fromkeys(("eos", "eos_token", "end_turn"), "stop"),
}
_USAGE_DETAILS: dict[str, dict[str, int]] = {
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 0,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}


def new_id() -> str:
    """Return an id of OpenAI's form that is used once: Ollama has a thousand, and they collide."""
    return f"chatcmpl-{secrets.token_hex(12)}"


def mended_answer(document: dict[str, Any], model: str) -> dict[str, Any]:
    """Bring a whole answer into form. Raises BadGateway where it is not whole."""
    choices = document.get("choices")
    if not isinstance(choices, list) or not choices:
        raise BadGateway("The upstream answered 200 with something that is not a chat completion.")
    return {
        **document,
        "id": new_id(),
        "object": "chat.completion",
        "created": whole_seconds(document.get("created")),
        "model": document.get("model") or model,
        "choices": [_choice(choice, at) for at, choice in enumerate(choices)],
        "usage": mended_usage(document.get("usage")),
    }


def whole_seconds(created: object) -> int:
    """Return a time as OpenAI gives it; some servers send a fraction, or none."""
    return int(created) if isinstance(created, int | float) else 0


def _choice(choice: Any, at: int) -> dict[str, Any]:
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        raise BadGateway("The upstream answered 200 with something that is not a chat completion.")
    message: dict[str, Any] = {"refusal": None, **choice["message"], "role": "assistant"}
    calls = ToolCalls().whole(message.pop("tool_calls", None))
    message.setdefault("content", None)
    return {
        **choice,
        "index": index_of(choice, at),
        "message": {**message, "tool_calls": calls} if calls else message,
        "logprobs": choice.get("logprobs"),
        "finish_reason": finish_reason(choice.get("finish_reason"), called=bool(calls)),
    }


def finish_reason(reason: object, *, called: bool) -> str:
    """Return a reason that OpenAI knows. Raises BadGateway for none, and for vLLM's `abort`: the answer is cut."""
    known = _FINISH_REASONS.get(reason) if isinstance(reason, str) else None
    if known is None:
        raise BadGateway("The upstream broke off in the middle of the answer.")
    return "tool_calls" if known == "stop" and called else known


def index_of(choice: dict[str, Any], at: int) -> int:
    """Return a choice's index; some servers leave it out where there is only one."""
    index = choice.get("index")
    return index if isinstance(index, int) else at


def mended_usage(usage: object) -> dict[str, Any] | None:
    """Add the details that OpenAI always gives."""
    return {**_USAGE_DETAILS, **usage} if isinstance(usage, dict) else None


def usage_of(usage: Any) -> Usage | None:
    """Read usage from a decoded answer; None where it cannot be read."""
    try:
        return msgspec.convert(usage, Usage) if usage else None
    except msgspec.ValidationError:
        return None
