"""The words of the stand-in, in exactly OpenAI's shapes: models, completion, stream, errors. No network here."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import msgspec

MODELS = ("gpt-4o", "gpt-4o-mini")
CHUNK_PAUSE_S = 0.015

Json = dict[str, Any]


class Refused(Exception):
    """An error answer: its status, and the body in OpenAI's shape."""

    def __init__(self, status: int, message: str, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
        self.body: Json = {"error": error}


class Options(msgspec.Struct):
    """`stream_options` of a chat request."""

    include_usage: bool | None = None


class Ask(msgspec.Struct):
    """The few fields of a chat request that change a canned answer."""

    model: str
    messages: list[Json]
    stream: bool | None = None
    stream_options: Options | None = None


def words_of(model: str) -> str:
    """Give the one answer there is, which names itself as what it is."""
    return (
        f"(stand-in for OpenAI, no key set) Here {model} would have answered. These words are canned: they show "
        "which way your request took, and nothing left this machine. Set OPENAI_API_KEY and start the demo again "
        "to hear from the real one."
    )


def parse(body: bytes) -> Ask:
    """Read what is asked, or refuse as OpenAI would."""
    try:
        ask = msgspec.json.decode(body, type=Ask)
    except msgspec.MsgspecError as problem:
        raise Refused(400, f"We could not parse the JSON body of your request: {problem}") from problem
    if ask.model not in MODELS:
        message = f"The model `{ask.model}` does not exist or you do not have access to it."
        raise Refused(404, message, param="model", code="model_not_found")
    return ask


def model_list() -> Json:
    """List the models, owned by the stand-in."""
    entries = [{"id": model, "object": "model", "created": 0, "owned_by": "stand-in"} for model in MODELS]
    return {"object": "list", "data": entries}


def completion(ask: Ask) -> Json:
    """Answer as one JSON document."""
    message: Json = {"role": "assistant", "content": words_of(ask.model), "refusal": None, "annotations": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return {**_head(ask, "chat.completion"), "choices": [choice], "usage": usage(ask)}


async def frames(ask: Ask) -> AsyncIterator[bytes]:
    """Answer word by word: role, words, finish, usage where it was asked for, `[DONE]`."""
    head = _head(ask, "chat.completion.chunk")
    counted = ask.stream_options is not None and bool(ask.stream_options.include_usage)
    extra: Json = {"usage": None} if counted else {}
    for delta, reason in _deltas(ask.model):
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        yield _frame({**head, "choices": [choice], **extra})
        await asyncio.sleep(CHUNK_PAUSE_S)
    if counted:
        yield _frame({**head, "choices": [], "usage": usage(ask)})
    yield b"data: [DONE]\n\n"


def _deltas(model: str) -> list[tuple[Json, str | None]]:
    first, *rest = words_of(model).split(" ")
    words = [first, *(f" {word}" for word in rest)]
    role = {"role": "assistant", "content": "", "refusal": None}
    return [(role, None), *(({"content": word}, None) for word in words), ({}, "stop")]


def usage(ask: Ask) -> Json:
    """Words in place of tokens: a stand-in has no tokenizer, but its sums are right."""
    tokens_in = sum(len(str(message.get("content", "")).split()) for message in ask.messages)
    tokens_out = len(words_of(ask.model).split())
    return {
        "prompt_tokens": tokens_in,
        "completion_tokens": tokens_out,
        "total_tokens": tokens_in + tokens_out,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def _head(ask: Ask, kind: str) -> Json:
    fixed = {"model": ask.model, "service_tier": "default", "system_fingerprint": "fp_stand_in"}
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), **fixed}


def _frame(event: Json) -> bytes:
    return b"data: " + msgspec.json.encode(event) + b"\n\n"
