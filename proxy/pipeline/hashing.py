"""Keyed hashes: the same value gives the same hash, and nobody without the key can tell which value it was."""

from __future__ import annotations

import hmac
from functools import partial

from routing_rules.rewrite import Keyed

HASH_KEY_BYTES = 32
_DIGITS = 32  # 128 bits: no two callers of one wye share a hash by chance


def hasher(key: bytes) -> Keyed:
    """Make what hashes a text for a rule's `hash`: HMAC-SHA-256, in hexadecimal, cut to 128 bits."""
    return partial(_hash, key)


def _hash(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(errors="surrogatepass"), "sha256").hex()[:_DIGITS]
