from __future__ import annotations

import pytest

from proxy.facts.scanning import scan


def test_a_pattern_finds_bytes() -> None:
    found = scan(r"[a-z\x80-\xff]+").search("5 stra\u00dfe".encode())
    assert found[0].decode() == "stra\u00dfe"


def test_a_search_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    scan(r"(?:[^a]{1,100}a){3,}x[ab]{100}").search(b"ab" * 50_000)
    assert capfd.readouterr().err == ""
