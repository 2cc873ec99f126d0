"""The labelled prompts as typed records, and the rule that holds a third of them out."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

import msgspec

FOLDER = Path(__file__).parent
FILES = ("english", "languages", "conversations", "long")
HELD_OUT_OF = 3  # one in so many

Task = Literal[
    "code",
    "math",
    "creative",
    "reasoning",
    "translation",
    "summary",
    "extraction",
    "chat",
    "classification",
    "rewriting",
]


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One message of a conversation, as in a chat request."""

    role: Literal["system", "user", "assistant"]
    content: str


class Prompt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One labelled conversation; its last message is the user's, and the labels are about what that one asks for.

    `language` is the ISO 639-1 code of the user's own words, not of what was pasted. `tools` are those of the request.
    """

    id: str
    language: str
    task: Task
    hard: bool
    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...] = ()

    @property
    def text(self) -> str:
        """The whole conversation's text."""
        return "\n".join(message.content for message in self.messages)

    @property
    def last(self) -> str:
        """The last message: the only one that the article's scorer looks at."""
        return self.messages[-1].content

    @property
    def held_out(self) -> bool:
        """Whether no scorer may be fitted to this one: its id alone decides."""
        return share(self.id, salt="held out", of=HELD_OUT_OF) == 0


def share(name: str, *, salt: str, of: int) -> int:
    """Put a name into one of so many shares: the same one on every machine, and in every order of the files."""
    digest = hashlib.sha256(f"{salt}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % of


def load() -> list[Prompt]:
    """Read every prompt. Raises msgspec.ValidationError where a line is not what `Prompt` says."""
    return [prompt for name in FILES for prompt in read(FOLDER / f"{name}.jsonl")]


def read(path: Path) -> list[Prompt]:
    """Read the prompts of one file, one a line."""
    return msgspec.json.Decoder(Prompt).decode_lines(path.read_bytes())


def dev() -> list[Prompt]:
    """Give the two thirds that a scorer may be fitted to."""
    return [prompt for prompt in load() if not prompt.held_out]


def held_out() -> list[Prompt]:
    """Give the third that is looked at once a scorer is done."""
    return [prompt for prompt in load() if prompt.held_out]
