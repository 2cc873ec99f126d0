from __future__ import annotations

import time

import pytest

from proxy.pipeline.context import Context, Record, Reply


def test_a_request_is_not_changed_once_it_was_taken_in() -> None:
    context = Context(id="1", endpoint="chat", headers={}, body=b"", address="/")
    with pytest.raises(AttributeError):
        context.body = b"other"  # type: ignore[misc]


def test_a_reply_is_not_changed_either() -> None:
    with pytest.raises(AttributeError):
        Reply(headers={}, body=b"").body = b"other"  # type: ignore[misc]


def test_a_record_begins_with_nothing_known_and_the_time_of_its_start() -> None:
    before = time.perf_counter()
    record = Record(id="1", endpoint="chat")
    assert before <= record.started <= time.perf_counter()
    assert (record.rule, record.target, record.model, record.usage, record.first) == (None,) * 5
    assert (record.labels, record.attempts, record.status, record.stream) == ((), 0, 200, False)
