from __future__ import annotations

import asyncio

import httpx
import pytest

from proxy.errors import BadGateway, EgressRefused, GatewayTimeout, ProxyError, Unreachable
from proxy.upstream.faults import translated

REFUSED = "the connection was refused"


def said(error: BaseException) -> ProxyError:
    with pytest.raises(ProxyError) as caught, translated("local"):
        raise error
    assert "'local'" in caught.value.message
    assert caught.value.__suppress_context__
    return caught.value


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (httpx.ConnectError("Connection refused"), Unreachable, REFUSED),
        (httpx.ConnectError("[Errno 111] Connection refused"), Unreachable, REFUSED),
        (httpx.ConnectError("name resolution: Name or service not known"), Unreachable, "its host name is not known"),
        (
            httpx.ConnectError("name resolution: Temporary failure"),
            Unreachable,
            "its host name is not known",
        ),
        (
            httpx.ConnectError("name resolution: nodename nor servname provided"),
            Unreachable,
            "its host name is not known",
        ),
        (httpx.ConnectError("Network is unreachable"), Unreachable, "the network is unreachable"),
        (
            httpx.ConnectError("SSLCertVerificationError: certificate verify failed"),
            Unreachable,
            "its TLS certificate is not accepted",
        ),
        (httpx.ConnectError("SSLError: [SSL] record layer failure"), Unreachable, "TLS failed"),
        (httpx.ConnectError("something else at 10.0.0.1"), Unreachable, "connecting failed"),
        (httpx.ConnectTimeout(""), Unreachable, "connecting took too long"),
        (httpx.PoolTimeout(""), Unreachable, "connecting took too long"),
        (TimeoutError(), GatewayTimeout, "silent for too long"),
        (httpx.ReadTimeout(""), GatewayTimeout, "silent for too long"),
        (httpx.WriteTimeout(""), GatewayTimeout, "silent for too long"),
        (httpx.ReadError("reset"), BadGateway, "broke off"),
        (httpx.WriteError("reset"), BadGateway, "broke off"),
        (httpx.RemoteProtocolError("garbage"), BadGateway, "broke off"),
        (httpx.DecodingError("garbage"), BadGateway, "compression"),
        (httpx.UnsupportedProtocol("ftp"), BadGateway, "broke off"),
    ],
)
def test_what_goes_wrong_on_the_way_is_said_in_our_words(error: Exception, kind: type[ProxyError], words: str) -> None:
    found = said(error)
    assert type(found) is kind
    assert words in found.message


def test_no_address_is_in_the_message() -> None:
    assert "10.0.0.1" not in said(httpx.ConnectError("cannot connect to 10.0.0.1:11434")).message


@pytest.mark.parametrize("error", [ValueError("a bug"), EgressRefused("No."), asyncio.CancelledError()])
def test_what_is_nothing_of_the_upstreams_comes_through_as_it_is(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, translated("local"):
        raise error
    assert caught.value is error


def test_where_nothing_goes_wrong_nothing_is_said() -> None:
    with translated("local"):
        done = True
    assert done
