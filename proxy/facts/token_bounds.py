"""How many tokens a prompt has, without counting: bounds that hold for OpenAI's tables o200k and cl100k.

**High.** A token is at least one byte, so a prompt has no more tokens than its JSON has bytes; what a template adds (3
tokens a message and its role, 3 for the reply, a line for each tool) is less than the JSON around the text. A picture
counts as `IMAGE_TOKENS` instead of its bytes. What lies elsewhere, a file by its id or a stored conversation, may be of
any length, so there is no high bound.

**Low.** No token is longer than 128 bytes, and none reaches over a space between two words, so a text has no fewer than
a 128th of its bytes and no fewer than its words. Only messages, prompt, input and instructions count; an id is one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from proxy.facts.contents import FILE, OTHER, contents
from proxy.facts.strings import are_ids
from routing_rules import Bounds

IMAGE_TOKENS = 50_000  # the dearest picture there is: gpt-4o-mini, 8 tiles of 5,667 and 2,833 for itself
LONGEST_TOKEN = 128  # bytes, in both tables
_BESIDES = 32  # tokens of a template, for the shortest of bodies
_NO_SPACES = "\x1c\x1d\x1e\x1f"  # Python takes these for spaces, the tables do not
_TEXTS = ("messages", "prompt", "suffix", "input", "instructions")
_PICTURES = ("image_url", "image", "images")


def prompt_tokens(document: Mapping[str, Any]) -> Bounds:
    """Return the bounds of a body's prompt. Raises RecursionError for a body that is nested too deeply."""
    elsewhere = contents(document) & {FILE, OTHER}
    pictures = [picture for name in _TEXTS for picture in _pictures(document.get(name))]
    size = len(msgspec.json.encode(document)) - sum(map(len, pictures)) + len(pictures) * IMAGE_TOKENS
    low = sum(_fewest(text) for name in _TEXTS for text in _texts(document.get(name)))
    return Bounds(low, math.inf if elsewhere else size + _BESIDES)


def _fewest(text: str | list[int]) -> int:
    """Return the fewest tokens of a text: a piece of o200k may end in line breaks and a slash, two words in one."""
    if isinstance(text, list):
        return len(text)
    size = len(text.encode(errors="replace"))
    for separator in _NO_SPACES:
        text = text.replace(separator, "")
    slashes = text.count("\n/") + text.count("\r/") if "/" in text else 0
    return max(len(text.split()) - slashes, -(-size // LONGEST_TOKEN))


def _texts(value: object) -> Iterable[str | list[int]]:
    """Give the texts of messages and prompts: names and ids beside them may not reach a model."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name in ("content", "text"):
            yield from _texts(value.get(name))
    elif isinstance(value, list):
        if are_ids(value):
            yield value
        else:
            for item in value:
                yield from _texts(item)


def _pictures(value: object) -> Iterable[str]:
    """Give the URLs and data of pictures, wherever a message has them."""
    if isinstance(value, list):
        for item in value:
            yield from _pictures(item)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name in _PICTURES:
                yield from _urls(inner)
            else:
                yield from _pictures(inner)


def _urls(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _urls(item)
    elif isinstance(value, dict):
        yield from _urls(value.get("url"))
