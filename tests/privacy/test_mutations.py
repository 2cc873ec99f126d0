"""The property bites: with a lock of wye switched off, some case shows it.

What is asked for is bytes on a socket, or a connection that none may make; that an answer lacks a label is not enough.
Two locks guard `accepts`, the filter and the send check, so each is seen alone where the other is off.
"""

from __future__ import annotations

from collections.abc import Collection

import pytest

from tests.privacy.mutations import LOCKS, without
from tests.privacy.oracle import LEAK, REACHED, TRIED
from tests.privacy.prove import Broken, run_rounds

BYTES = (LEAK, REACHED)
ROUNDS, EACH = 6, 50
BUDGET = ROUNDS * EACH
GREEN_ROUNDS = 3  # many times what it takes to see both locks missing
FILTER, SEND = "candidates are filtered", "accepts are checked at send"


def cases_until_red(kinds: Collection[str], *locks: str) -> int:
    with without(*locks), pytest.raises(Broken) as broken:
        run_rounds(ROUNDS, EACH, shrinks=False, kinds=kinds)
    print(f"{' and '.join(locks)}: red after {broken.value.cases_played} cases")
    return broken.value.cases_played


@pytest.mark.parametrize("lock", sorted(LOCKS.keys() - {FILTER, SEND}))
def test_a_missing_lock_is_a_leak(lock: str) -> None:
    assert cases_until_red(BYTES, lock) <= BUDGET


def test_without_the_filter_a_candidate_that_is_struck_out_is_tried() -> None:
    assert cases_until_red((TRIED,), FILTER) <= BUDGET


def test_without_the_filter_the_send_check_alone_lets_nothing_out() -> None:
    with without(FILTER):
        assert run_rounds(GREEN_ROUNDS, EACH, shrinks=False, kinds=BYTES).cases >= GREEN_ROUNDS * EACH


def test_without_the_send_check_the_filter_alone_lets_nothing_out() -> None:
    with without(SEND):
        assert run_rounds(GREEN_ROUNDS, EACH, shrinks=False).cases >= GREEN_ROUNDS * EACH


def test_without_both_bytes_get_out() -> None:
    assert cases_until_red((LEAK,), FILTER, SEND) <= BUDGET
