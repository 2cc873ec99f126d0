"""The gate's slice of the long run under rules that change."""

from __future__ import annotations

import pytest

from tests.soak.reload import soak


@pytest.mark.parametrize("workers", [1, 2])
def test_no_request_fails_or_sees_half_a_file_while_rules_change(workers: int) -> None:
    run, _, _ = soak(requests=1000 // workers, reloads=10 // workers, workers=workers)
    assert set(run.ends) == {"whole"}
    assert run.ends.total() >= 1000 // workers
