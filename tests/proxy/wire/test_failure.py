from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import BadRequest, GatewayTimeout, NotFound, ProxyError, UpstreamAnswered
from proxy.wire.failure import error_body, error_events
from proxy.wire.sse import DONE, FrameSplitter


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (BadRequest("No.", param="n"), {"message": "No.", "type": "invalid_request_error", "param": "n", "code": None}),
        (
            NotFound("Gone.", code="unknown_url"),
            {"message": "Gone.", "type": "invalid_request_error", "param": None, "code": "unknown_url"},
        ),
        (
            GatewayTimeout("Slow."),
            {"message": "Slow.", "type": "server_error", "param": None, "code": "upstream_timeout"},
        ),
        (
            UpstreamAnswered("Full.", status=429, type="requests", code="rate_limit_exceeded"),
            {"message": "Full.", "type": "requests", "param": None, "code": "rate_limit_exceeded"},
        ),
    ],
)
def test_an_error_has_all_four_fields_and_nothing_else(error: ProxyError, expected: dict[str, str | None]) -> None:
    assert json.loads(error_body(error)) == {"error": expected}


@given(st.text())
def test_an_error_in_a_stream_is_one_event_of_one_line_and_then_the_end(message: str) -> None:
    written = error_events(BadRequest(message))
    frames = list(FrameSplitter().feed(written))
    assert [frame.data for frame in frames] == [error_body(BadRequest(message)), b"[DONE]"]
    assert written.endswith(DONE)
    assert written.count(b"\n") == 4
    assert json.loads(frames[0].data)["error"]["message"] == message
