"""The models of the fake Ollama: what they can do, and the brains that decide what they say."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from math import sqrt
from typing import Any, Literal

from tests.fakes.upstream import words

Json = dict[str, Any]
RUNNER_DIED = (
    "model runner has unexpectedly stopped, this may be due to resource limitations or an internal error, "
    "check ollama server logs for details"
)


@dataclass(frozen=True)
class Think:
    """Reasoning text."""

    text: str


@dataclass(frozen=True)
class ToolCall:
    """A call of a function; without an id the parser or the runner gives one, an empty id stays empty."""

    name: str
    arguments: Json = field(default_factory=dict)
    id: str | None = None


@dataclass(frozen=True)
class Fail:
    """The runner fails with this message; before the first word Ollama still answers with the status."""

    message: str = RUNNER_DIED
    status: int = 500


@dataclass(frozen=True)
class Stall:
    """The model says nothing until the event is set."""

    event: threading.Event


@dataclass(frozen=True)
class Die:
    """The runner's stream ends without its last message and without an error."""


Piece = str | Think | ToolCall | Fail | Stall | Die
Brain = Callable[[Json], Iterable[Piece]]


@dataclass
class FakeModel:
    """One model; `template` "builtin" is Ollama's own rendering and parsing, "native" llama-server's.

    A `remote_host` makes it a cloud manifest: its plain name forwards. `options` and `system` are its Modelfile's.
    """

    capabilities: set[str] = field(default_factory=lambda: {"completion"})
    template: Literal["builtin", "native"] = "builtin"
    remote_host: str | None = None
    context_length: int = 4096
    options: Json = field(default_factory=dict)
    system: str = ""
    family: str = "llama"
    context_shift: bool = True
    modified: str = "2026-08-01T12:00:00Z"

    def call_id(self) -> str:
        """`server/routes.go` toolCallId for built-in parsers, llama-server's own ids for native templates."""
        length, prefix = (8, "call_") if self.template == "builtin" else (32, "")
        return prefix + "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(length))

    def created(self) -> int:
        """When it was modified, in seconds."""
        return int(datetime.fromisoformat(self.modified).timestamp())

    def details(self) -> Json:
        """An `api.ModelDetails`."""
        size = {"parameter_size": "8.0B", "quantization_level": "Q4_K_M"}
        return {"parent_model": "", "format": "gguf", "family": self.family, "families": [self.family], **size}

    def remote(self, name: str) -> Json:
        """Where it really runs, for a cloud manifest."""
        plain = name.removesuffix("-cloud").removesuffix(":latest")
        return {"remote_model": plain, "remote_host": self.remote_host} if self.remote_host else {}


def asked_text(seen: Json) -> str:
    """The last user message that has a text."""
    return next((m["content"] for m in reversed(seen["messages"]) if m["role"] == "user" and m["content"]), "")


def echo(seen: Json) -> Iterator[Piece]:
    """Say `ollama:MODEL: TEXT` word by word, after some reasoning if thinking is on; JSON if a format is asked for."""
    if seen["think"]:
        yield from (Think(word) for word in words("let me think "))
    if seen["format"] is not None:
        yield json.dumps({"answer": asked_text(seen)})
    else:
        yield from words(f"ollama:{seen['model']}: {asked_text(seen)}")


def says(*pieces: Piece) -> Brain:
    """A brain that always says these pieces."""
    return lambda _seen: pieces


def calls_tools(seen: Json) -> Iterator[Piece]:
    """Call every offered tool with the user's text; echo when there is none, or when a tool has answered."""
    if not seen["tools"] or seen["messages"][-1]["role"] == "tool":
        yield from echo(seen)
        return
    for tool in seen["tools"]:
        yield ToolCall(tool["function"]["name"], {"text": asked_text(seen)})


def embed(text: str, dimensions: int) -> list[float]:
    """A unit vector of 16 numbers, or fewer if asked, that depends only on the text."""
    raw = [byte / 255 + 0.01 for byte in hashlib.sha256(text.encode()).digest()[:16]][: dimensions or 16]
    length = sqrt(sum(number * number for number in raw))
    return [number / length for number in raw]
