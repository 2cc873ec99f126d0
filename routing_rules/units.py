"""Durations and sizes as people write them in TOML: `"500ms"`, `"5s"`, `"10m"`, `"20 MB"`."""

from __future__ import annotations

import re
from math import ceil

_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h)\s*")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(B|kB|KB|KiB|MB|MiB|GB|GiB)\s*")
_BYTES = {"B": 1, "kB": 10**3, "KB": 10**3, "KiB": 2**10, "MB": 10**6, "MiB": 2**20, "GB": 10**9, "GiB": 2**30}
_TOO_MUCH = 1e15  # neither `inf` nor a typing error is a limit


class Seconds(float):
    """A duration in seconds."""

    @classmethod
    def parse(cls, value: object) -> Seconds:
        """Read `"5s"` and its kin, or a plain number of seconds. Raises ValueError."""
        return cls(_measure(value, _DURATION, _SECONDS, 'a duration such as "500ms", "5s" or "10m"'))


class Bytes(int):
    """A size in bytes."""

    @classmethod
    def parse(cls, value: object) -> Bytes:
        """Read `"20 MB"` and its kin, or a plain number of bytes. Raises ValueError."""
        return cls(ceil(_measure(value, _SIZE, _BYTES, 'a size such as "500 kB" or "20 MB"')))


def _measure(value: object, form: re.Pattern[str], units: dict[str, float] | dict[str, int], expected: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        measure = float(value) if abs(value) < _TOO_MUCH else 0.0
    else:
        match = form.fullmatch(value) if isinstance(value, str) else None
        measure = float(match[1]) * units[match[2]] if match else 0.0
    if not 0 < measure < _TOO_MUCH:
        raise ValueError(expected)
    return measure
