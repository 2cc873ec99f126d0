"""Which texts of a body are somebody's words: the one place that knows where they stand. Chat bodies, so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from proxy.sticky.leaves import leaves, text_of, unsealed

_ROLE_AND_CONTENT = 2  # the fields of most messages
_INSTRUCTING = ("system", "developer")  # an app's own standing text; see the package
# Where models write what they think: DeepSeek and vLLM, Ollama and OpenRouter, Anthropic.
THOUGHTS = ("reasoning_content", "reasoning", "reasoning_details", "thinking")


class Turn(msgspec.Struct, frozen=True):
    """One message: its texts in order, and what else it says or carries (arguments, images, files); who says it.

    `beside` is known when it comes alone, and no part of the message as clients send it back: thoughts, and what stands
    inside of arguments. One that `is_cut` ends where a stream did.
    """

    texts: tuple[str, ...]
    others: tuple[str, ...] = ()
    is_reply: bool = False
    beside: tuple[str, ...] = ()
    is_cut: bool = False

    @property
    def whole(self) -> str:
        """All of it as one text."""
        return self.texts[0] if len(self.texts) == 1 and not self.others else "".join((*self.texts, *self.others))

    @property
    def pieces(self) -> tuple[str, ...]:
        """What may come back alone: each text, and all of them joined, as another client would write the message."""
        joined = ("".join(self.texts), "\n".join(self.texts)) if len(self.texts) > 1 else ()
        return (*self.texts, *joined, *self.others, *self.beside)


def turns_of(document: Mapping[str, Any]) -> list[Turn]:
    """Return what was said in a conversation, without instructions."""
    messages = document.get("messages")
    spoken = messages if isinstance(messages, list) else ()
    return [turn_of(message) for message in spoken if isinstance(message, dict) and not _instructs(message)]


def _instructs(message: Mapping[str, Any]) -> bool:
    return message.get("role") in _INSTRUCTING


def turn_of(message: Mapping[str, Any]) -> Turn:
    """Read one message, of a request or of an answer."""
    content, is_reply = message.get("content"), message.get("role") == "assistant"
    if isinstance(content, str) and len(message) == _ROLE_AND_CONTENT:
        return Turn((content,), is_reply=is_reply, beside=_inside(content))
    parts = content if isinstance(content, list) else [content]
    texts = tuple(text for part in parts if (text := text_of(part)) is not None)
    carried = (leaf for part in parts if text_of(part) is None for leaf in leaves(part))
    others = (*carried, *_spoken_otherwise(message))
    thoughts = (leaf for name in THOUGHTS for leaf in leaves(message.get(name)))
    inside = (leaf for text in (*texts, *others) for leaf in _inside(text))
    return Turn(texts, others, is_reply, (*thoughts, *inside))


def _inside(text: str) -> tuple[str, ...]:
    """Return what stands in a text that is JSON: arguments, and what tools answer."""
    return tuple(leaves(inner, opened=True)) if (inner := unsealed(text)) is not None else ()


def _spoken_otherwise(message: Mapping[str, Any]) -> Iterator[str]:
    """Give what stands beside the content: a refusal, audio by its id, what tools were called with."""
    if isinstance(refusal := message.get("refusal"), str):
        yield refusal
    if isinstance(audio := message.get("audio"), dict):
        yield from leaves(audio.get("id"))
    calls = message.get("tool_calls")
    for call in (*(calls if isinstance(calls, list) else ()), {"function": message.get("function_call")}):
        if isinstance(call, dict):
            yield from _arguments(call)


def _arguments(call: Mapping[str, Any]) -> Iterator[str]:
    for kind, field in (("function", "arguments"), ("custom", "input")):
        called = call.get(kind)
        given = called.get(field) if isinstance(called, dict) else None
        if given:
            yield _in_one_spelling(given)


def _in_one_spelling(arguments: Any) -> str:
    """Write JSON in one way: clients read a call's arguments and write them anew, with other spaces and escapes."""
    try:
        value = msgspec.json.decode(arguments) if isinstance(arguments, str) else arguments
        return msgspec.json.encode(value, order="sorted").decode()
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return arguments if isinstance(arguments, str) else ""
