"""Headers of an answer: what the upstream may say to the client, and what wye says itself.

wye's own words travel in `x-wye-*`, percent-encoded ASCII, never in the body. An upstream's `x-wye-*` are dropped, and
so are hop-by-hop fields and those that are true only of the upstream's own connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from proxy.pipeline.context import Headers, Record

_DROPPED = frozenset(
    {
        *("connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "trailer", "upgrade"),
        *("proxy-authenticate", "proxy-authorization", "proxy-authentication-info", "via", "alt-svc"),
        *("date", "server", "set-cookie", "strict-transport-security", "location", "content-location"),
        *("content-length", "content-encoding", "content-type", "etag", "digest", "content-digest", "accept-ranges"),
        *("refresh", "link", "clear-site-data", "content-security-policy", "vary"),
    }
)
# What keeps proxies on the way from holding a stream back (nginx, and whoever honours Cache-Control).
STREAM_HEADERS: Mapping[str, str] = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
}
JSON_HEADERS: Mapping[str, str] = {"content-type": "application/json"}
PENDING = "pending"


def handed_on(upstream: Mapping[str, str]) -> Headers:
    """Return the upstream's headers that mean something to the client: its request id, rate limits, and kin."""
    named = {name.strip().lower() for name in upstream.get("connection", "").split(",")}
    return {
        name: value
        for name, value in upstream.items()
        if name not in _DROPPED and name not in named and not name.startswith(("x-wye-", "access-control-"))
    }


def own(record: Record, dropped: tuple[str, ...] = ()) -> Headers:
    """Say which target answered, by which rule, under which labels, after how many attempts, and what was left out."""
    headers = {"x-wye-id": record.id}
    if record.target is not None:
        headers["x-wye-target"] = quote(f"{record.target}:{record.model}", safe=":/._-")
    if record.rule is not None:
        headers["x-wye-rule"] = quote(record.rule, safe=" ',.:;!()_-")
    if record.labels:
        headers["x-wye-labels"] = quote(",".join(record.labels), safe=",_-")
    if record.attempts:
        headers["x-wye-attempts"] = str(record.attempts)
    if dropped:
        headers["x-wye-dropped"] = ",".join(dropped)
    return headers
