"""What an answer said, read from its bytes as they went to the client: whole, streamed, or as far as it came.

Nothing here raises: an upstream may have sent anything, and what cannot be read no client has understood.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from proxy.sticky.leaves import leaves, text_of
from proxy.sticky.turns import THOUGHTS, Turn, turn_of
from proxy.wire.sse import DONE, DONE_PAYLOAD

_EVENT = b"data: "
_UNREAD = 16  # pieces at the end of a stream that was cut which may have been sent, and not read by who left


class _Choices(msgspec.Struct):
    """An event or a whole answer, without the fields that are nobody's words."""

    choices: Any = None


def replies_in(body: bytes) -> list[Turn]:
    """Return the reply of each choice. A stream that was cut gives also what its client may have read of it."""
    if not body.startswith(_EVENT):
        return [turn_of({**message, "role": "assistant"}) for _, message in _choices(body, "message")]
    replies: dict[str, _Reply] = {}
    for event in body.split(b"\n\n"):
        data = event.removeprefix(_EVENT)
        if data and data != DONE_PAYLOAD:
            for index, delta in _choices(data, "delta"):
                replies.setdefault(index, _Reply()).add(delta)
    cut = not body.endswith(DONE)
    return [turn for reply in replies.values() for turn in (reply.turn(), *(reply.earlier() if cut else ()))]


class _Reply:
    """One choice of a stream, put together from its deltas."""

    def __init__(self) -> None:
        self._content: list[str] = []
        self._refusal: list[str] = []
        self._calls: dict[str, list[str]] = {}
        self._thoughts: dict[str, list[str]] = {}

    def add(self, delta: dict[str, Any]) -> None:
        """Take what comes next."""
        self._content += _texts(delta.get("content"))
        self._refusal += _texts(delta.get("refusal"))
        for name in THOUGHTS:
            if thought := delta.get(name):
                self._thoughts.setdefault(name, []).extend(leaves(thought))
        if calls := delta.get("tool_calls"):
            for call in calls if isinstance(calls, list) else ():
                self._add_call(call)
        if called := delta.get("function_call"):
            self._add_call({"function": called})

    def _add_call(self, call: object) -> None:
        if not isinstance(call, dict):
            return
        for kind, field in (("function", "arguments"), ("custom", "input")):
            called = call.get(kind)
            written = called.get(field) if isinstance(called, dict) else None
            if isinstance(written, str):
                self._calls.setdefault(str(call.get("index")), []).append(written)

    def turn(self) -> Turn:
        """Read it as the client will send it back."""
        content, refusal = ("".join(said) or None for said in (self._content, self._refusal))
        calls = [{"function": {"arguments": "".join(written)}} for written in self._calls.values()]
        thoughts = {name: "".join(thought) for name, thought in self._thoughts.items()}
        return turn_of({"role": "assistant", "content": content, "refusal": refusal, "tool_calls": calls, **thoughts})

    def earlier(self) -> Iterator[Turn]:
        """Give the content as it was some pieces ago."""
        for end in range(max(1, len(self._content) - _UNREAD), len(self._content)):
            yield Turn(("".join(self._content[:end]),), is_reply=True, is_cut=True)


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    parts = value if isinstance(value, list) else ()
    return [text for part in parts if (text := text_of(part)) is not None]


def _choices(data: bytes, field: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give what each choice of an event or an answer says, with its index."""
    try:
        choices = msgspec.json.decode(data, type=_Choices).choices
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return
    for choice in choices if isinstance(choices, list) else ():
        said = choice.get(field) if isinstance(choice, dict) else None
        if isinstance(said, dict):
            yield str(choice.get("index")), said
