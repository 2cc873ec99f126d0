from __future__ import annotations

import hashlib
import hmac
import re

import pytest

from proxy.pipeline.hashing import HASH_KEY_BYTES, hasher


def test_a_hash_is_the_hmac_that_the_documentation_promises() -> None:
    assert hasher(b"key")("ann") == hmac.new(b"key", b"ann", hashlib.sha256).hexdigest()[:32]


@pytest.mark.parametrize("text", ["", "ann", "Zürich", "\ud800", "x" * 100_000])
def test_the_same_text_gives_the_same_hash_and_nothing_of_the_text_is_in_it(text: str) -> None:
    key = bytes(HASH_KEY_BYTES)
    assert hasher(key)(text) == hasher(key)(text)
    assert re.fullmatch(r"[0-9a-f]{32}", hasher(key)(text))


def test_another_text_or_another_key_gives_another_hash() -> None:
    hashes = {hasher(key)(text) for key in (b"a", b"b") for text in ("ann", "bob", "Ann", "ann ")}
    assert len(hashes) == 8
