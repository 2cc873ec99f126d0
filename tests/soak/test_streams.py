"""The gate's slice of the long stream run."""

from __future__ import annotations

from tests.soak.streams import soak


def test_streams_at_once_are_neither_lost_nor_mixed_up() -> None:
    ends, before, after = soak(streams=50, seconds=2)
    assert set(ends) == {"whole"}
    assert sum(ends.values()) >= 50
    assert after < before * 1.25
