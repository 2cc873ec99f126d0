from __future__ import annotations

from typing import Any

import httpx
import pytest

from proxy.pipeline.context import Record
from proxy.pipeline.headers import JSON_HEADERS, STREAM_HEADERS, handed_on, own

KEPT = {
    "x-request-id": "req_1",
    "openai-organization": "org",
    "openai-processing-ms": "12",
    "openai-version": "2020-10-01",
    "x-ratelimit-remaining-requests": "9",
    "x-ratelimit-reset-tokens": "3ms",
    "retry-after": "5",
    "x-should-retry": "true",
    "x-models-etag": "abc",
}
DROPPED = {
    "connection": "keep-alive",
    "keep-alive": "timeout=5",
    "proxy-connection": "keep-alive",
    "te": "trailers",
    "transfer-encoding": "chunked",
    "trailer": "x",
    "upgrade": "h2c",
    "proxy-authenticate": "Basic",
    "via": "1.1 cdn",
    "alt-svc": "h3",
    "date": "today",
    "server": "cloudflare",
    "set-cookie": "a=b",
    "location": "https://elsewhere",
    "content-length": "5",
    "content-encoding": "gzip",
    "content-type": "text/plain",
    "etag": "x",
    "strict-transport-security": "max-age=1",
    "access-control-allow-origin": "*",
    "x-wye-target": "spoofed",
    "x-wye-new": "spoofed",
}


@pytest.mark.parametrize("name", sorted(KEPT))
def test_what_means_something_to_the_client_is_handed_on(name: str) -> None:
    assert handed_on({name: KEPT[name]}) == {name: KEPT[name]}


@pytest.mark.parametrize("name", sorted(DROPPED))
def test_what_is_true_only_of_the_upstreams_own_connection_is_not(name: str) -> None:
    assert handed_on({**KEPT, name: DROPPED[name]}) == KEPT


def test_case_makes_no_difference() -> None:
    raw = [
        ("X-Request-Id", "req_1"),
        ("SET-COOKIE", "a=b"),
        ("X-Wye-Target", "spoofed"),
        ("Transfer-Encoding", "chunked"),
    ]
    assert handed_on(httpx.Headers(raw)) == {"x-request-id": "req_1"}


def test_what_the_connection_names_is_hop_by_hop_too() -> None:
    given = {"connection": "close, X-Hop ,x-other", "x-hop": "1", "x-other": "2", "x-request-id": "req_1"}
    assert handed_on(given) == {"x-request-id": "req_1"}


def test_a_field_that_comes_twice_is_handed_on_as_one_list() -> None:
    assert handed_on(httpx.Headers([("x-a", "1"), ("x-a", "2")])) == {"x-a": "1, 2"}


@pytest.mark.parametrize(
    ("known", "dropped", "expected"),
    [
        ({}, (), {}),
        ({"target": "local", "model": "llama3.1:8b"}, (), {"x-wye-target": "local:llama3.1:8b"}),
        ({"target": "local", "model": "library/llama 3@x"}, (), {"x-wye-target": "local:library/llama%203%40x"}),
        ({"rule": "hard questions go to the cloud"}, (), {"x-wye-rule": "hard questions go to the cloud"}),
        ({"rule": "größer, 100%\r\nx: y"}, (), {"x-wye-rule": "gr%C3%B6%C3%9Fer, 100%25%0D%0Ax: y"}),
        ({"labels": ("audit", "private")}, (), {"x-wye-labels": "audit,private"}),
        ({"labels": ("geh\u00e4im",)}, (), {"x-wye-labels": "geh%C3%A4im"}),
        ({"attempts": 2}, (), {"x-wye-attempts": "2"}),
        ({}, ("logit_bias", "tool_choice"), {"x-wye-dropped": "logit_bias,tool_choice"}),
    ],
)
def test_wye_says_what_it_knows_in_plain_ascii(
    known: dict[str, Any], dropped: tuple[str, ...], expected: dict[str, str]
) -> None:
    headers = own(Record(id="wye-1", endpoint="chat", **known), dropped)
    assert headers == {"x-wye-id": "wye-1", **expected}
    assert all(value.isascii() and value.isprintable() for value in headers.values())


def test_a_stream_is_held_back_by_no_proxy_on_the_way() -> None:
    assert STREAM_HEADERS["content-type"].startswith("text/event-stream")
    assert STREAM_HEADERS["x-accel-buffering"] == "no"
    assert "no-transform" in STREAM_HEADERS["cache-control"]
    assert JSON_HEADERS == {"content-type": "application/json"}
