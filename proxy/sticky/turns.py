"""Which texts of a body are somebody's words: the one place that knows where they stand. Chat bodies, so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

_ROLE_AND_CONTENT = 2  # the fields of most messages
_INSTRUCTING = ("system", "developer")  # an app's own standing text; see the package


class Turn(msgspec.Struct, frozen=True):
    """One message: its texts in order, and what else it says or carries (arguments, images, files); who says it."""

    texts: tuple[str, ...]
    others: tuple[str, ...] = ()
    is_reply: bool = False

    @property
    def whole(self) -> str:
        """All of it as one text."""
        return self.texts[0] if self.is_one_text else "".join((*self.texts, *self.others))

    @property
    def is_one_text(self) -> bool:
        """Whether it is a text and nothing else, as most messages are."""
        return len(self.texts) == 1 and not self.others

    @property
    def pieces(self) -> tuple[str, ...]:
        """What may come back alone: each text, and all of them joined, as another client would write the message."""
        joined = ("".join(self.texts),) if len(self.texts) > 1 else ()
        return (*self.texts, *joined, *self.others)


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
        return Turn((content,), is_reply=is_reply)
    parts = content if isinstance(content, list) else [content]
    texts = tuple(text for part in parts if (text := text_of(part)) is not None)
    carried = (leaf for part in parts if text_of(part) is None for leaf in _leaves(part))
    return Turn(texts, (*carried, *_spoken_otherwise(message)), is_reply)


def text_of(part: object) -> str | None:
    """Return the text of a content part, None where it is of another kind."""
    text = part.get("text") if isinstance(part, dict) else part
    return text if isinstance(text, str) else None


def _spoken_otherwise(message: Mapping[str, Any]) -> Iterator[str]:
    """Give what stands beside the content: a refusal, audio by its id, what tools were called with."""
    if isinstance(refusal := message.get("refusal"), str):
        yield refusal
    if isinstance(audio := message.get("audio"), dict):
        yield from _leaves(audio.get("id"))
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


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
