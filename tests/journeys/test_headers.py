"""What of a request reaches the upstream, and what of its answer reaches the client."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.server import Handler, Request, Wire
from tests.fakes.upstream import FakeOpenAI, error, json_reply
from tests.journeys.raw import Raw, chat, chats, ready
from tests.wye_process import Wye, one_target

KEY = "sk-upstream-7f3a"
UNSPOKEN = "swordfish-4711"
ANSWER = {"id": "c", "choices": [{"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}]}
Json = dict[str, Any]


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeOpenAI]:
    with FakeOpenAI(key=KEY) as server:
        yield server


@pytest.fixture(scope="module")
def wye(upstream: FakeOpenAI) -> Iterator[Wye]:
    more = 'key = "env:UP_KEY"\norganization = "org-1"\nproject = "proj-1"\nheaders = { x-team = "search" }'
    nowhere = "http://127.0.0.1:9"
    proxies = {
        name: nowhere for word in ("http", "https", "all") for name in (f"{word}_proxy", f"{word}_proxy".upper())
    }
    with Wye(one_target(upstream.base_url, more=more), environ={"UP_KEY": KEY, "NO_PROXY": "", **proxies}) as server:
        yield ready(server)
    assert not [line for line in server.lines if UNSPOKEN in line or KEY in line or "sk-app" in line]


@pytest.fixture(autouse=True)
def _usual_script(upstream: FakeOpenAI) -> None:
    upstream.script = None


def test_no_environment_variable_moves_a_request(wye: Wye) -> None:
    assert wye.environ["HTTP_PROXY"] == wye.environ["all_proxy"] == "http://127.0.0.1:9"
    with Raw(wye, chat(UNSPOKEN)) as raw:
        assert raw.json()["choices"][0]["message"]["content"].endswith(UNSPOKEN)


def test_the_upstream_gets_wyes_key_and_nothing_of_the_clients(wye: Wye, upstream: FakeOpenAI) -> None:
    private = {"Cookie": "id=1", "Referer": "http://app/", "X-Api-Key": "sk-app", "X-Forwarded-For": "10.1.2.3"}
    hops = {"TE": "trailers", "Proxy-Authorization": "Basic eDp5", "Keep-Alive": "5", "Connection": "close, x-secret"}
    own = {"x-wye-label": "", "OpenAI-Organization": "org-app", "x-secret": "1", "Accept-Language": "de"}
    with wye.client(organization="org-app", project="proj-app") as client:
        client.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": UNSPOKEN}], extra_headers={**private, **hops, **own}
        )
    sent = dict(chats(upstream)[-1].headers)
    assert sent.pop("user-agent").startswith("wye/")
    assert sent.pop("via").startswith("1.1 wye-")
    assert int(sent.pop("content-length")) == len(chats(upstream)[-1].body)
    assert sent == {
        "host": f"127.0.0.1:{upstream.port}",
        "authorization": f"Bearer {KEY}",
        "openai-organization": "org-1",
        "openai-project": "proj-1",
        "x-team": "search",
        "accept": "application/json",
        "accept-encoding": "identity",
        "content-type": "application/json",
    }


def test_what_means_something_to_openai_goes_along(wye: Wye, upstream: FakeOpenAI) -> None:
    with Raw(wye, chat(), headers={"OpenAI-Beta": "x=v1", "Idempotency-Key": "once"}) as raw:
        raw.rest()
    assert chats(upstream)[-1].header("openai-beta") == "x=v1"
    assert chats(upstream)[-1].header("idempotency-key") == "once"


def test_a_body_that_nothing_rewrites_goes_as_it_came(wye: Wye, upstream: FakeOpenAI) -> None:
    odd = b'"x_new": 1.50, "seed":12345678901234567890, "messages":[{"content":"\\u00e9","role":"user"}]'
    body = b'{ "model" : "gpt-4o",\n ' + odd + b" }"
    with Raw(wye, body) as raw:
        raw.rest()
    assert chats(upstream)[-1].body == body


def test_a_rewrite_touches_only_its_own_field(wye: Wye, upstream: FakeOpenAI) -> None:
    rest = b'"messages":[ {"content":"\\u00e9","role":"user"} ],"x_new":1.50'
    with Raw(wye, b'{"model":"up:gpt-4o",' + rest + b',"routing_preferences":{}}') as raw:
        raw.rest()
    assert chats(upstream)[-1].body == b'{"model":"gpt-4o",' + rest + b"}"


@pytest.mark.parametrize("streamed", [False, True])
def test_rate_limits_and_openais_own_headers_are_handed_on(wye: Wye, streamed: bool) -> None:
    with Raw(wye, chat(stream=streamed)) as raw:
        raw.rest()
    assert raw.headers["x-ratelimit-remaining-requests"] == "9999"
    assert raw.headers["x-ratelimit-reset-tokens"] == "3ms"
    assert raw.headers["openai-processing-ms"] == "12"
    assert raw.headers["openai-version"] == "2020-10-01"


HOPS = {
    "connection": "keep-alive, x-hop",
    "x-hop": "1",
    "keep-alive": "timeout=5",
    "proxy-authenticate": "Basic",
    "trailer": "x-checksum",
    "via": "1.1 cdn",
    "alt-svc": 'h3=":443"',
    "strict-transport-security": "max-age=1",
    "set-cookie": "a=b",
    "server": "cloudflare",
    "location": "http://evil.example/",
    "etag": '"x"',
    "content-language": "en",
    "access-control-allow-origin": "*",
    "x-wye-target": "forged",
    "x-wye-forged": "1",
}
KEPT = {"content-language"}


@pytest.mark.parametrize("status", [200, 400])
def test_what_is_true_only_of_the_upstreams_connection_is_not_handed_on(
    wye: Wye, upstream: FakeOpenAI, status: int
) -> None:
    upstream.script = json_reply(status, ANSWER if status == 200 else {"error": {"message": "no"}}, HOPS)
    with Raw(wye, chat()) as raw:
        raw.rest()
        assert raw.answer.status == status
    assert not {name for name in HOPS if name not in KEPT and raw.headers.get(name) == HOPS[name]}
    assert not {"set-cookie", "x-wye-forged", "x-hop", "server", "location"} & set(raw.headers)


def test_what_a_client_needs_to_wait_is_handed_on(wye: Wye, upstream: FakeOpenAI) -> None:
    waits = {"retry-after": "7", "retry-after-ms": "7000", "x-ratelimit-remaining-tokens": "0"}
    upstream.script = error(429, "rate_limit_exceeded", "slow down", kind="tokens", headers=waits)
    with Raw(wye, chat()) as raw:
        said = raw.error()
    assert (raw.answer.status, said["type"], said["code"]) == (429, "tokens", "rate_limit_exceeded")
    assert waits.items() <= raw.headers.items()
    assert "x-should-retry" not in raw.headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_neither_followed_nor_handed_on(wye: Wye, upstream: FakeOpenAI, status: int) -> None:
    with FakeOpenAI() as elsewhere:
        upstream.script = json_reply(status, b"", {"location": elsewhere.base_url + "/chat/completions"})
        with Raw(wye, chat(UNSPOKEN)) as raw:
            assert raw.error()["code"] == "upstream_error"
            assert raw.answer.status == 502
            assert "location" not in raw.headers
        assert elsewhere.connections == 0


def zipped(data: bytes) -> Handler:
    async def handle(_: Request, wire: Wire) -> None:
        await wire.reply(200, data, {"content-type": "application/json", "content-encoding": "gzip"})

    return handle


def test_an_answer_that_is_compressed_unasked_is_opened(wye: Wye, upstream: FakeOpenAI) -> None:
    upstream.script = zipped(gzip.compress(json.dumps(ANSWER).encode()))
    with Raw(wye, chat()) as raw:
        assert raw.json() == ANSWER
        assert "content-encoding" not in raw.headers


def test_a_compression_that_cannot_be_undone_is_the_upstreams_fault(wye: Wye, upstream: FakeOpenAI) -> None:
    upstream.script = zipped(b"\x1f\x8b not gzip")
    with Raw(wye, chat()) as raw:
        assert raw.error()["code"] == "upstream_error"
        assert raw.answer.status == 502
