from __future__ import annotations

import pytest

from proxy.wire.usage import Usage, read_usage


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}', Usage(3, 4, 7)),
        (b'{"choices":[],"usage":{"prompt_tokens":3,"details":{"x":1}}}', Usage(3, 0, 0)),
        (b'{"usage":{}}', Usage()),
        (b'{"usage":null}', None),
        (b'{"choices":[]}', None),
        (b'{"usage":"many"}', None),
        (b'{"usage":{"prompt_tokens":null}}', None),
        (b'{"usage":{"prompt_tokens":"3"}}', None),
        (b"[]", None),
        (b"", None),
        (b"<html>", None),
    ],
)
def test_usage_is_read_where_it_can_be_and_is_none_where_it_cannot(body: bytes, expected: Usage | None) -> None:
    assert read_usage(body) == expected
