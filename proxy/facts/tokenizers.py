"""Which table counts the tokens of which model, and how far a count may be trusted.

OpenAI's models have one of two tables (openai-python has no list; tiktoken `model.py` has). Any other model has a table
of its own, of which nothing is known here: its tokens are estimated with o200k.
"""

from __future__ import annotations

import msgspec

O200K, CL100K = "o200k_base", "cl100k_base"
_O200K = (
    "gpt-4o",
    "chatgpt-4o",
    "gpt-4.1",
    "gpt-4.5",
    "gpt-5",
    "chatgpt-5",
    "o1",
    "o3",
    "o4",
    "codex-mini",
    "gpt-image",
)
_CL100K = ("gpt-4", "gpt-3.5", "gpt-35", "text-embedding-3", "text-embedding-ada")
_FINE_TUNED = "ft:"


class Tokenizer(msgspec.Struct, frozen=True):
    """A table by its name, and whether it is the model's own."""

    table: str
    own: bool

    def __str__(self) -> str:
        return self.table if self.own else f"{self.table}, as an estimate"


def tokenizer_of(model: str | None) -> Tokenizer:
    """Return how the tokens of a model are counted."""
    name = (model or "").lower().removeprefix(_FINE_TUNED)
    if name.startswith(_O200K):
        return Tokenizer(O200K, own=True)
    return Tokenizer(CL100K, own=True) if name.startswith(_CL100K) else Tokenizer(O200K, own=False)
