"""Server-sent events as OpenAI's clients read them: `data: <one line of JSON>`, a blank line, and `[DONE]` at the end.

Reading is lenient (LF, CR LF or CR, comments, any field, no space after the colon), as the upstreams need it; writing
is strict, as the clients need it: an `id:`, a `retry:` or an empty `data:` breaks an SDK. A comment is one line and one
newline: with a blank line after it, older openai-go releases fail.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

DONE = b"data: [DONE]\n\n"
DONE_PAYLOAD = b"[DONE]"
KEEP_ALIVE = b": keep-alive\n"
CONTENT_TYPE = "text/event-stream"
BOM = b"\xef\xbb\xbf"
BARE_ERROR = b'{"error"'  # how a line begins that is an error without a field's name, as in Ollama's native streams
MAX_EVENT = 32 * 2**20  # what openai-go accepts; an upstream that sends more is broken


class Frame(msgspec.Struct, frozen=True):
    """One event of a stream: its data, and `error` as its field where the upstream named it or the event so."""

    data: bytes
    field: str = "data"


class EventTooLong(ValueError):
    """An upstream sent an event that never ends."""


class FrameSplitter:
    """Cuts a stream of bytes, in whatever pieces it comes, into complete events."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._searched = 0

    def feed(self, piece: bytes) -> Iterator[Frame]:
        """Take some bytes and give the events that are now complete. Raises EventTooLong."""
        self._rest += piece
        while (cut := self._next_cut()) is not None:
            block = bytes(self._rest[: cut[0]])
            del self._rest[: cut[1]]
            self._searched = 0
            if (frame := _parse(block)) is not None:
                yield frame
        self._searched = max(0, len(self._rest) - 3)
        if len(self._rest) > MAX_EVENT:
            raise EventTooLong

    def finish(self) -> Frame | None:
        """Give the event that the stream ended in, if it is whole but for its blank line."""
        block = bytes(self._rest)
        self._rest.clear()
        return _parse(block) if block.endswith((b"\n", b"\r")) else None

    def _next_cut(self) -> tuple[int, int] | None:
        """Find where the first event ends and the next one begins."""
        rest, start = self._rest, self._searched
        found = [(at, at + len(mark)) for mark in _BLANK_LINES if (at := rest.find(mark, start)) >= 0]
        return min(found) if found else None


_BLANK_LINES = (b"\n\n", b"\r\n\r\n", b"\r\r", b"\n\r\n")


def _parse(block: bytes) -> Frame | None:
    """Read the fields of one event; comments and events without data are nothing."""
    fields: dict[bytes, list[bytes]] = {}
    for line in block.removeprefix(BOM).splitlines():
        name, _, value = line.partition(b":")
        if name == BARE_ERROR:
            name, value = b"error", line
        fields.setdefault(name, []).append(value.strip())
    if data := b"\n".join(fields.get(b"data", ())).strip():
        return Frame(data, "error" if fields.get(b"event") == [b"error"] else "data")
    errors = b"\n".join(fields.get(b"error", ()))
    return Frame(errors, "error") if errors else None


def event(payload: bytes) -> bytes:
    """Write one event."""
    return b"data: " + payload + b"\n\n"
