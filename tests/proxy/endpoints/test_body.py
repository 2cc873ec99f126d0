from __future__ import annotations

import asyncio

import pytest

from proxy.endpoints import body as body_module
from proxy.endpoints.asgi_types import Message
from proxy.endpoints.body import ClientLeft, drain, read_body, too_large
from proxy.errors import BadRequest, TooLarge, UnsupportedEncoding
from tests.fakes.asgi import Client, scope

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("pieces", [(b"",), (b"hello",), (b"he", b"", b"llo"), (b"1234567890",), (b"12345", b"67890")])
async def test_a_body_within_the_limit_is_read_whole(pieces: tuple[bytes, ...]) -> None:
    assert await read_body(scope(), Client(*pieces).receive, 10) == b"".join(pieces)


async def test_a_body_in_one_piece_is_not_copied() -> None:
    piece = bytes(range(10))
    assert await read_body(scope(), Client(piece).receive, 10) is piece


async def test_a_length_that_is_too_large_is_refused_before_anything_is_read() -> None:
    client = Client(b"x" * 11)
    with pytest.raises(TooLarge) as caught:
        await read_body(scope(headers={"content-length": "11"}), client.receive, 10)
    assert client.received == 0
    assert (caught.value.status, caught.value.headers["connection"]) == (413, "close")
    assert "10 bytes" in caught.value.message


async def test_a_body_without_a_length_is_refused_with_the_piece_that_is_too_much() -> None:
    client = Client(b"12345", b"67890", b"1", b"never", b"read")
    with pytest.raises(TooLarge):
        await read_body(scope(), client.receive, 10)
    assert client.received == 3


async def test_a_body_that_is_longer_than_it_said_is_refused_too() -> None:
    with pytest.raises(TooLarge):
        await read_body(scope(headers={"content-length": "5"}), Client(b"x" * 11).receive, 10)


@pytest.mark.parametrize("length", ["", "-1", "+5", "5x", "0x5", "1e3", "5, 5", " 5"])
async def test_a_length_that_is_no_number_is_a_bad_request(length: str) -> None:
    with pytest.raises(BadRequest):
        await read_body(scope(headers={"content-length": length}), Client(b"hello").receive, 10)


@pytest.mark.parametrize("length", ["9" * 30, "9" * 5_000])
async def test_a_length_beyond_all_bounds_is_too_large_and_nothing_else(length: str) -> None:
    with pytest.raises(TooLarge):
        await read_body(scope(headers={"content-length": length}), Client(b"hello").receive, 10)


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "br", "deflate", "identity, gzip", "GZIP"])
async def test_a_compressed_body_is_not_guessed_at(encoding: str) -> None:
    with pytest.raises(UnsupportedEncoding):
        await read_body(scope(headers={"content-encoding": encoding}), Client(b"hello").receive, 10)


@pytest.mark.parametrize("encoding", ["identity", " Identity ", ""])
async def test_a_body_that_says_it_is_plain_is(encoding: str) -> None:
    assert await read_body(scope(headers={"content-encoding": encoding}), Client(b"hello").receive, 10) == b"hello"


@pytest.mark.parametrize("pieces", [(), (b"he",), (b"he", b"l")])
async def test_a_client_that_leaves_in_the_middle_has_sent_nothing(pieces: tuple[bytes, ...]) -> None:
    with pytest.raises(ClientLeft):
        await read_body(scope(), Client(*pieces, leaves=True).receive, 10)


async def test_the_limit_is_written_so_that_a_person_can_read_it() -> None:
    assert "20,000,000 bytes ([server] max_body)" in too_large(20_000_000).message


async def test_what_is_left_of_a_body_is_taken_in_to_its_end() -> None:
    client = Client(b"a", b"b", b"c")
    await drain(client.receive)
    assert client.received == 3


async def test_a_client_that_leaves_ends_the_draining() -> None:
    client = Client(b"a", leaves=True)
    await drain(client.receive)
    assert client.received == 1


async def test_no_more_is_drained_than_is_reasonable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "DRAIN_BYTES", 10)
    client = Client(*[b"12345"] * 100)
    await drain(client.receive)
    assert client.received == 2


async def test_nobody_is_drained_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "DRAIN_S", 0.001)
    cancelled = asyncio.Event()

    async def receive() -> Message:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    await drain(receive)
    assert cancelled.is_set()
