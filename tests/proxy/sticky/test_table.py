from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.sticky.coarsening import OWNER_BYTES
from proxy.sticky.table import ENTRIES, LABEL_BYTES, MOST_LABELS, NO_TARGETS, Table, size_bytes

PRIVATE = frozenset({"private"})
NOW = 1_800_000_000.0
SPAWN = multiprocessing.get_context("spawn")


def fingerprint(of: object) -> bytes:
    return sha256(str(of).encode()).digest()[:16]


ONE = fingerprint(1)


def test_what_is_put_is_found_until_it_expires() -> None:
    table = Table.alone(64)
    table.put(ONE, PRIVATE, NOW + 10, NOW)
    assert table.labels(ONE, NOW) == table.labels(ONE, NOW + 9.9) == PRIVATE
    assert table.labels(ONE, NOW + 10) == frozenset()
    assert table.labels(fingerprint(2), NOW) == frozenset()


def test_a_part_of_a_second_is_not_cut_off() -> None:
    table = Table.alone(64)
    table.put(ONE, PRIVATE, NOW + 0.5, NOW)
    assert table.labels(ONE, NOW + 0.4) == PRIVATE


def test_what_is_put_again_lives_longer_in_the_same_slot() -> None:
    table = Table.alone(8)
    for at in range(20):
        table.put(ONE, PRIVATE, NOW + at, NOW)
    others = [fingerprint(at) for at in range(2, 9)]
    for other in others:
        table.put(other, PRIVATE, NOW + 20, NOW)
    assert [table.labels(one, NOW + 18.5) for one in (ONE, *others)] == [PRIVATE] * 8
    assert not table.labels(fingerprint("never said"), NOW)


def test_what_is_put_again_for_less_time_keeps_what_it_had() -> None:
    table = Table.alone(64)
    table.put(ONE, PRIVATE, NOW + 10, NOW)
    table.put(ONE, PRIVATE, NOW + 5, NOW)
    assert table.labels(ONE, NOW + 7) == PRIVATE


def of(owner: str, text: object) -> bytes:
    """Return a fingerprint of an owner's."""
    return fingerprint(owner)[:OWNER_BYTES] + fingerprint(text)[OWNER_BYTES:]


def test_what_is_expired_makes_room() -> None:
    table = Table.alone(8)
    for at in range(8):
        table.put(of("a", at), PRIVATE, NOW + 10 + at, NOW)
    table.put(of("a", "new"), PRIVATE, NOW + 50, NOW + 10)
    assert [bool(table.labels(of("a", at), NOW + 10)) for at in range(8)] == [False, *[True] * 7]
    assert table.labels(of("a", "new"), NOW + 10) == PRIVATE
    assert not table.labels(of("a", "never said"), NOW + 10)


def test_a_flood_pushes_nothing_out_and_coarsens_only_what_the_flooder_said() -> None:
    table, labels = Table.alone(64), frozenset({"legal"})
    quiet = [of("quiet", at) for at in range(16)]
    old = [of("flooder", f"old {at}") for at in range(16)]
    for one in quiet:
        table.put(one, labels, NOW + 10, NOW)
    for one in old:
        table.put(one, PRIVATE, NOW + 10, NOW)
    for at in range(5_000):
        table.put(of("flooder", at), PRIVATE, NOW + 20, NOW)
    assert {table.labels(one, NOW) for one in quiet} == {labels}
    assert {table.labels(one, NOW) for one in (*old, *(of("flooder", at) for at in range(5_000)))} == {PRIVATE}
    # Who has most pays, and only in his own name.
    assert table.labels(of("flooder", "never said"), NOW) == PRIVATE
    assert not any(table.labels(of(owner, "never said"), NOW) for owner in ("quiet", "somebody else"))


def test_who_said_little_is_not_coarsened_by_a_flood_that_comes_first() -> None:
    table = Table.alone(64)
    for at in range(5_000):
        table.put(of("flooder", at), PRIVATE, NOW + 20, NOW)
    for at in range(8):
        table.put(of("quiet", at), {"legal"}, NOW + 10, NOW)
    assert {table.labels(of("quiet", at), NOW) for at in range(8)} == {frozenset({"legal"})}
    assert not table.labels(of("quiet", "never said"), NOW)


def test_a_flood_of_labels_binds_its_flooder_and_nobody_else() -> None:
    table = Table.alone(16)
    table.put(of("quiet", 1), PRIVATE, NOW + 10, NOW)
    for at in range(200):
        table.put(of("flooder", at), {f"label-{at}"}, NOW + 10, NOW)
    assert all({f"label-{at}", NO_TARGETS} & table.labels(of("flooder", at), NOW) for at in range(200))
    assert table.labels(of("quiet", 1), NOW) == PRIVATE
    assert not table.labels(of("quiet", 2), NOW)


def test_callers_without_number_lose_nothing_either() -> None:
    table = Table.alone(8)
    for at in range(100):
        table.put(of(f"caller {at}", at), {"a" if at % 2 else "b"}, NOW + 10, NOW)
    assert all(("a" if at % 2 else "b") in table.labels(of(f"caller {at}", at), NOW) for at in range(100))


def test_coarser_entries_end_in_their_time() -> None:
    table = Table.alone(8)
    for at in range(100):
        table.put(of("a", at), PRIVATE, NOW + 10, NOW)
    assert table.labels(of("a", "never said"), NOW + 9) == PRIVATE
    assert not table.labels(of("a", 1), NOW + 10)
    table.put(of("a", "new"), PRIVATE, NOW + 50, NOW + 10)
    assert not table.labels(of("a", "never said"), NOW + 10)


def test_a_table_is_exact_until_it_is_three_quarters_full() -> None:
    table, many = Table.alone(4096), 3 * 4096 // 4
    for at in range(many):
        table.put(of("a", at), PRIVATE, NOW + 10, NOW)
    assert {table.labels(of("a", at), NOW) for at in range(many)} == {PRIVATE}
    wrong = sum(bool(table.labels(of("a", f"never said {at}"), NOW)) for at in range(1_000))
    assert wrong <= 10


def test_more_labels_than_can_be_kept_are_one_that_nobody_accepts() -> None:
    table = Table.alone(4096)
    table.put(ONE, {f"label-{at}" for at in range(MOST_LABELS + 1)}, NOW + 10, NOW)
    assert table.labels(ONE, NOW) == {NO_TARGETS}


@pytest.mark.parametrize("many", [1, 4, 5, 8, 9, 30, MOST_LABELS])
def test_a_fingerprint_bears_as_many_labels_as_it_is_given(many: int) -> None:
    table, labels = Table.alone(512), frozenset(f"label-{at}" for at in range(many))
    table.put(ONE, labels, NOW + 10, NOW)
    table.put(fingerprint(2), PRIVATE, NOW + 10, NOW)
    assert table.labels(ONE, NOW) == labels


def test_labels_that_come_one_by_one_add_up() -> None:
    table = Table.alone(64)
    table.put(ONE, {"legal"}, NOW + 10, NOW)
    table.put(ONE, {"private"}, NOW + 20, NOW)
    assert table.labels(ONE, NOW) == {"legal", "private"}
    assert table.labels(ONE, NOW + 15) == {"private"}


def test_a_label_that_does_not_fit_becomes_one_that_nobody_accepts() -> None:
    table = Table.alone(64)
    longest = "x" * LABEL_BYTES
    table.put(ONE, {longest}, NOW + 10, NOW)
    table.put(fingerprint(2), {longest + "y"}, NOW + 10, NOW)
    assert table.labels(ONE, NOW) == {longest}
    assert table.labels(fingerprint(2), NOW) == {"x" * (LABEL_BYTES - 1) + "~"}


def test_latest_is_when_an_owners_last_entry_expires() -> None:
    table = Table.alone(64)
    assert table.latest(ONE) == 0
    table.put(ONE, PRIVATE, NOW + 10, NOW)
    table.put(ONE, PRIVATE, NOW + 5, NOW)
    assert table.latest(ONE) == table.latest(ONE[:OWNER_BYTES]) == NOW + 10
    assert table.latest(of("somebody else", 1)) == 0


@pytest.mark.parametrize("damaged", range(64))
def test_a_slot_that_two_wrote_at_once_is_nobodys(damaged: int) -> None:
    cells = bytearray(size_bytes(8))
    table = Table(cells)
    table.put(ONE, {"private"}, NOW + 10, NOW)
    (slot,) = [at for at in range(4096, len(cells), 64) if any(cells[at : at + 16])]
    cells[slot + damaged] ^= 1
    assert table.labels(ONE, NOW) == frozenset()


def test_a_fingerprint_is_only_found_where_one_begins() -> None:
    table = Table.alone(8)
    table.put(ONE, {"abcdefghijklmnopqrstuvwxyz"}, NOW + 10, NOW)
    assert table.labels(b"cdefghijklmnopqr", NOW) == frozenset()


def test_the_usual_table_holds_what_it_says_in_eight_mebibytes() -> None:
    assert size_bytes(ENTRIES) - size_bytes(0) + 512 == 8 * 2**20
    assert size_bytes(0) == size_bytes(8)


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.frozensets(st.sampled_from("abcdef"), min_size=1), st.integers(1, 50)),
        max_size=20,
    ),
    st.integers(0, 60),
)
def test_nothing_is_found_that_was_not_put_and_nothing_in_time_is_lost(
    puts: list[tuple[int, frozenset[str], int]], later: int
) -> None:
    table, known = Table.alone(4096), dict[tuple[int, str], int]()
    for one, labels, until in puts:
        table.put(fingerprint(one), labels, NOW + until, NOW)
        known.update({(one, label): max(until, known.get((one, label), 0)) for label in labels})
    for one in range(8):
        expected = {label for (of, label), until in known.items() if of == one and until > later}
        assert table.labels(fingerprint(one), NOW + later) == expected


# --- several processes ---


def put_one(table: Table, of: int) -> None:
    table.put(fingerprint(of), PRIVATE, NOW + 10, NOW)


def put_many(table: Table, label: str, rounds: int) -> None:
    for at in range(rounds):
        table.put(fingerprint(at % 40), {label}, NOW + at, NOW)


def run(*processes: multiprocessing.process.BaseProcess) -> None:
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * len(processes)


def test_what_one_process_puts_another_finds_also_one_that_starts_later() -> None:
    table = Table.shared(64)
    put_one(table, 1)
    run(SPAWN.Process(target=put_one, args=(table, 2)))
    assert [table.labels(fingerprint(of), NOW) for of in (1, 2)] == [PRIVATE, PRIVATE]
    run(SPAWN.Process(target=put_one, args=(table, 3)))
    assert table.labels(fingerprint(3), NOW) == PRIVATE
    assert table.latest(fingerprint(3)) == NOW + 10


def test_processes_that_write_at_once_never_mix_their_entries_up() -> None:
    table = Table.shared(128)
    names = {"first": "first-" * 6, "second": "second"}
    writers = [SPAWN.Process(target=put_many, args=(table, name, 30_000)) for name in names.values()]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        for of in range(40):
            assert table.labels(fingerprint(of), NOW) <= set(names.values())
    assert [writer.exitcode for writer in writers] == [0, 0]
    for writer in writers:
        writer.join()
    assert {table.labels(fingerprint(of), NOW) for of in range(40)} == {frozenset(names.values())}


def test_a_table_of_one_process_refuses_to_travel() -> None:
    with pytest.raises(TypeError, match="cannot travel"):
        pickle.dumps(Table.alone(8))


@pytest.mark.skipif(sys.platform == "win32", reason="there it is a mapping, never a file")
def test_a_process_that_is_killed_leaves_no_memory_behind(tmp_path: Path) -> None:
    code = "import os, signal; from proxy.sticky.table import Table; t = Table.shared(); t.put(b'x' * 16, {'a'}, 9, 1)"
    killed = subprocess.Popen(
        [sys.executable, "-c", f"{code}; os.kill(os.getpid(), signal.SIGKILL)"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert killed.wait(60) == -signal.SIGKILL
    assert [*tmp_path.rglob("pym-*"), *Path("/dev/shm").glob(f"pym-{killed.pid}-*")] == []
