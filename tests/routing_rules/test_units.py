from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules.units import Bytes, Seconds

NEITHER: list[object] = [
    "",
    "5",
    "s",
    "-5s",
    "5 parsecs",
    "5s 3s",
    "1e3s",
    "0s",
    "0",
    None,
    True,
    False,
    0,
    -1,
    float("inf"),
    [],
]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("500ms", 0.5),
        ("5s", 5),
        ("1.5s", 1.5),
        ("10m", 600),
        ("2h", 7200),
        ("  7 s ", 7),
        (30, 30),
        (0.25, 0.25),
    ],
)
def test_a_duration_is_read_as_people_write_it(written: object, seconds: float) -> None:
    assert Seconds.parse(written) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("1 B", 1),
        ("500 kB", 500_000),
        ("500 KB", 500_000),
        ("1KiB", 1024),
        ("20 MB", 20_000_000),
        ("1.5 MiB", 1_572_864),
        ("1 GB", 10**9),
        ("1 GiB", 2**30),
        (4096, 4096),
        ("0.5 B", 1),
    ],
)
def test_a_size_is_read_as_people_write_it(written: object, size: int) -> None:
    assert Bytes.parse(written) == size


@pytest.mark.parametrize("written", [*NEITHER, "5 MB", "1e16h", "99999999999999h"])
def test_what_is_no_duration_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match='a duration such as "500ms"'):
        Seconds.parse(written)


@pytest.mark.parametrize("written", [*NEITHER, "5s", "5 mb", "9999999999999 GB"])
def test_what_is_no_size_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match='a size such as "500 kB"'):
        Bytes.parse(written)


@given(st.integers(min_value=1, max_value=10**9))
def test_a_plain_number_is_seconds_or_bytes(number: int) -> None:
    assert [float(Seconds.parse(written)) for written in (number, f"{number}s")] == [number] * 2
    assert [int(Bytes.parse(written)) for written in (number, f"{number}B")] == [number] * 2


@given(st.one_of(st.text(), st.floats(), st.integers()))
def test_whatever_is_written_it_is_a_limit_or_it_is_refused(written: object) -> None:
    for unit in (Seconds, Bytes):
        try:
            assert 0 < unit.parse(written) <= 1e15
        except ValueError:
            continue
