"""JSON inside of a string: a tool's arguments, a document that was pasted, a string that was written as JSON twice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

_WHOLE = re.compile(r"\s*[\[{\"]")
_START = re.compile(r"[{\[]\s*(?=[\"\[{])")
_DECODER = json.JSONDecoder(strict=False)
_READ_AGAIN = 4  # how often each letter may be looked at, by attempts that fail
_ATTEMPT = 64  # letters that an attempt is worth which fails at once
_DEEP = 5_000  # letters that an attempt is worth which fails for its depth


def opened(text: str) -> Iterator[Any]:
    """Give the values of a string that is JSON, or has JSON in it. Raises RecursionError for one that is too deep."""
    if _WHOLE.match(text):
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeError):
            pass
        else:
            if value != text:
                yield value
            return
    if "{" in text or "[" in text:
        yield from _inside(text)


def _inside(text: str) -> Iterator[Any]:
    """Give the objects and lists in the midst of a text, as long as looking for them costs no more than reading it."""
    credit = _READ_AGAIN * (len(text) + _ATTEMPT)
    found = _START.search(text)
    while found is not None and credit > 0:
        start = found.start()
        try:
            value, end = _DECODER.raw_decode(text, start)
        except json.JSONDecodeError as error:
            # Python counts the lines before the place, from the beginning.
            credit -= error.pos - start + error.pos // 16 + _ATTEMPT
            end = start + 1
        except RecursionError:
            credit -= _DEEP
            end = start + 1
        else:
            yield value
        found = _START.search(text, end)
