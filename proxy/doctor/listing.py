"""A target's list of models, as `GET /models` gives it."""

from __future__ import annotations

from typing import Any

import msgspec

from proxy.doctor.ask import Answer, Ask, Unreachable
from routing_rules.globs import matches

_OK = 200
# Models that list themselves beside the others and cannot chat.
_NO_CHAT = (
    *("*embed*", "*whisper*", "tts-*", "*-tts*", "dall-e*", "*-image*", "*moderation*", "*transcribe*", "*realtime*"),
    *("*-audio*", "babbage-*", "davinci-*", "sora*", "*-instruct-0914", "*rerank*", "bge-*"),
)


class Found(msgspec.Struct, frozen=True):
    """An Ollama that answers: the models it lists, and the address at which it answered."""

    models: tuple[str, ...]
    address: str | None


class _Listing(msgspec.Struct):
    data: list[dict[str, Any]] | None


async def find_ollama(ask: Ask, url: str, limit_s: float) -> Found | None:
    """Ask whether an Ollama answers at a base URL that ends in `/v1`; None when none does within the limit."""
    try:
        answer = await ask("GET", f"{url}/models", {}, None, limit_s)
    except Unreachable:
        return None
    models = listed_models(answer)
    return None if models is None else Found(models, answer.address)


def listed_models(answer: Answer) -> tuple[str, ...] | None:
    """Read the names in a list of models, or None where the answer is no such list; `data: null` is an empty one."""
    if answer.status != _OK:
        return None
    try:
        listing = msgspec.json.decode(answer.body, type=_Listing)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return tuple(entry["id"] for entry in listing.data or [] if isinstance(entry.get("id"), str))


def first_chat_model(models: tuple[str, ...]) -> str | None:
    """Return the first listed model that can chat, as far as its name tells."""
    return next((name for name in models if not any(matches(pattern, name) for pattern in _NO_CHAT)), None)
