from __future__ import annotations

import asyncio
from collections.abc import Iterable

import httpx
import pytest

from proxy.upstream.transport.connection import HIGH_WATER, MAX_HEAD, Connection

pytestmark = pytest.mark.anyio

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
SIZED = HEAD + b"Content-Length: 11\r\n\r\nhello world"
UNTIL_CLOSE = HEAD + b"\r\nhello world"


class Wire(asyncio.Transport):
    """The other side of a connection: takes what is written, and remembers what it was told to do."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.unsent = 0
        self.reading = True
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted


def connected() -> tuple[Connection, Wire]:
    connection, wire = Connection("127.0.0.1"), Wire()
    connection.connection_made(wire)
    connection.begin()
    return connection, wire


def feed(connection: Connection, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        connection.data_received(piece)


async def whole(connection: Connection) -> tuple[int, bytes]:
    status, _ = await connection.head()
    return status, b"".join([piece async for piece in connection.body()])


async def test_a_request_is_written_as_it_is() -> None:
    for size in (5, HIGH_WATER, 3 * HIGH_WATER):
        connection, wire = connected()
        await connection.send(b"POST / HTTP/1.1\r\n\r\n", b"x" * size)
        assert wire.written == b"POST / HTTP/1.1\r\n\r\n" + b"x" * size


@pytest.mark.parametrize("answer", [CHUNKED, SIZED])
async def test_an_answer_is_the_same_in_whatever_pieces_it_comes(answer: bytes) -> None:
    for cut in range(len(answer) + 1):
        connection, _ = connected()
        feed(connection, [piece for piece in (answer[:cut], answer[cut:]) if piece])
        assert await whole(connection) == (200, b"hello world")
        assert connection.is_reusable
    connection, _ = connected()
    feed(connection, (answer[at : at + 1] for at in range(len(answer))))
    assert await whole(connection) == (200, b"hello world")


async def test_headers_keep_their_values_and_names_are_lower_case() -> None:
    connection, _ = connected()
    feed(
        connection,
        [b"HTTP/1.1 429 No\r\nX-Request-ID: Abc\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n"],
    )
    status, headers = await connection.head()
    assert status == 429
    assert headers == [
        (b"x-request-id", b"Abc"),
        (b"set-cookie", b"a"),
        (b"set-cookie", b"b"),
        (b"content-length", b"0"),
    ]


async def test_a_head_is_waited_for_and_a_body_comes_as_it_arrives() -> None:
    connection, _ = connected()
    waiting = asyncio.ensure_future(connection.head())
    await asyncio.sleep(0)
    assert not waiting.done()
    middle = CHUNKED.index(b"6\r\n")
    feed(connection, [CHUNKED[:middle]])
    assert (await waiting)[0] == 200
    body = aiter(connection.body())
    assert await anext(body) == b"hello"
    feed(connection, [CHUNKED[middle:]])
    assert b"".join([piece async for piece in body]) == b" world"


async def test_an_answer_without_a_length_lasts_until_the_server_closes() -> None:
    connection, _ = connected()
    feed(connection, [UNTIL_CLOSE])
    connection.eof_received()
    connection.connection_lost(None)
    assert await whole(connection) == (200, b"hello world")
    assert not connection.is_reusable


@pytest.mark.parametrize("answer", [CHUNKED[:-5], CHUNKED[:-2], SIZED[:-1], SIZED[:40], b"", b"HTTP/1.1 200"])
@pytest.mark.parametrize("politely", [True, False])
async def test_an_answer_that_is_cut_is_never_a_whole_one(answer: bytes, politely: bool) -> None:
    connection, _ = connected()
    feed(connection, [answer] if answer else [])
    if politely:
        connection.eof_received()
    connection.connection_lost(None)
    with pytest.raises(httpx.RemoteProtocolError):
        await whole(connection)
    assert not connection.is_reusable


async def test_an_answer_until_close_that_is_reset_is_cut() -> None:
    connection, _ = connected()
    feed(connection, [UNTIL_CLOSE])
    connection.connection_lost(ConnectionResetError("reset"))
    with pytest.raises(httpx.RemoteProtocolError):
        await whole(connection)


async def test_what_came_before_a_cut_is_given_first() -> None:
    connection, _ = connected()
    feed(connection, [SIZED[:-6]])
    connection.connection_lost(None)
    await connection.head()
    body = aiter(connection.body())
    assert await anext(body) == b"hello"
    with pytest.raises(httpx.RemoteProtocolError):
        await anext(body)


@pytest.mark.parametrize("interim", [b"100 Continue", b"102 Processing", b"103 Early Hints"])
async def test_an_interim_answer_is_passed_over(interim: bytes) -> None:
    connection, _ = connected()
    feed(connection, [b"HTTP/1.1 " + interim + b"\r\nLink: x\r\n\r\n", SIZED])
    status, headers = await connection.head()
    assert (status, set(dict(headers))) == (200, {b"content-type", b"content-length"})
    assert await whole(connection) == (200, b"hello world")
    assert connection.is_reusable


@pytest.mark.parametrize(
    "answer",
    [
        b"hello\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX y: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * (MAX_HEAD + 1) + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Many: yyyyyyyyyyyyyyy\r\n" * 8_000 + b"\r\n",
    ],
)
async def test_what_could_be_read_in_two_ways_is_not_read(answer: bytes) -> None:
    connection, wire = connected()
    feed(connection, [answer])
    with pytest.raises(httpx.RemoteProtocolError):
        await whole(connection)
    assert wire.aborted
    assert not connection.is_open


@pytest.mark.parametrize("answer", [CHUNKED, SIZED])
@pytest.mark.parametrize("apart", [True, False])
async def test_bytes_after_an_answer_end_the_connection_and_not_the_answer(answer: bytes, apart: bool) -> None:
    connection, _ = connected()
    more = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    feed(connection, [answer, more] if apart else [answer + more])
    assert await whole(connection) == (200, b"hello world")
    assert (connection.is_reusable, connection.is_open) == (False, False)


async def test_bytes_that_nobody_asked_for_end_an_idle_connection() -> None:
    connection, _ = connected()
    feed(connection, [SIZED])
    await whole(connection)
    connection.rest(5.0)
    assert (connection.is_open, connection.reused, connection.idle_since) == (True, True, 5.0)
    feed(connection, [SIZED])
    assert not connection.is_open


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_that_has_no_body_is_complete_with_its_head(status: int) -> None:
    connection, _ = connected()
    feed(connection, [b"HTTP/1.1 %d X\r\n\r\n" % status])
    assert await whole(connection) == (status, b"")
    assert connection.is_reusable


@pytest.mark.parametrize(
    "answer",
    [
        SIZED.replace(b"Content-Type", b"Connection: close\r\nContent-Type"),
        SIZED.replace(b"HTTP/1.1", b"HTTP/1.0"),
        CHUNKED.replace(b"Content-Type", b"Connection: close\r\nContent-Type"),
    ],
)
async def test_a_connection_that_its_server_will_close_is_not_kept(answer: bytes) -> None:
    connection, _ = connected()
    feed(connection, [answer])
    assert await whole(connection) == (200, b"hello world")
    assert not connection.is_reusable


async def test_a_connection_whose_answer_was_not_read_or_whose_request_was_not_sent_is_not_kept() -> None:
    unread, _ = connected()
    feed(unread, [SIZED])
    await unread.head()
    assert not unread.is_reusable
    unsent, wire = connected()
    feed(unsent, [SIZED])
    await whole(unsent)
    wire.unsent = 5
    assert not unsent.is_reusable


async def test_a_kept_connection_carries_one_exchange_after_another() -> None:
    connection, _ = connected()
    for body in (b"one", b"three"):
        connection.begin()
        feed(connection, [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)])
        assert await whole(connection) == (200, body)
        connection.rest(1.0)


async def test_a_slow_reader_holds_the_server_back() -> None:
    connection, wire = connected()
    size = 4 * HIGH_WATER
    feed(connection, [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size, b"x" * HIGH_WATER])
    reading = [wire.reading]
    feed(connection, [b"x"])
    reading.append(wire.reading)
    await connection.head()
    body = aiter(connection.body())
    assert len(await anext(body)) == HIGH_WATER + 1
    assert [*reading, wire.reading] == [True, False, True]


async def test_a_server_that_does_not_read_holds_the_writer_back() -> None:
    connection, _ = connected()
    connection.pause_writing()
    sending = asyncio.ensure_future(connection.send(b"head", b"body"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not sending.done()
    connection.resume_writing()
    await sending


async def test_an_answer_makes_the_rest_of_a_request_needless() -> None:
    connection, _ = connected()
    connection.pause_writing()
    sending = asyncio.ensure_future(connection.send(b"head", b"body"))
    await asyncio.sleep(0)
    feed(connection, [b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"])
    await sending
    assert await whole(connection) == (413, b"")


async def test_a_writer_that_waits_learns_that_the_server_is_gone() -> None:
    connection, _ = connected()
    connection.pause_writing()
    sending = asyncio.ensure_future(connection.send(b"head", b"body"))
    await asyncio.sleep(0)
    connection.connection_lost(ConnectionResetError("reset"))
    await sending
    with pytest.raises(httpx.RemoteProtocolError):
        await connection.head()


async def test_nothing_is_written_to_a_connection_that_is_gone() -> None:
    connection, wire = connected()
    connection.connection_lost(None)
    with pytest.raises(httpx.WriteError):
        await connection.send(b"head", b"body")
    assert wire.written == b""
    with pytest.raises(httpx.WriteError):
        await Connection("127.0.0.1").send(b"head", b"body")


async def test_it_is_known_whether_a_byte_of_the_answer_has_come() -> None:
    connection, _ = connected()
    touched = [connection.touched]
    feed(connection, [b"H"])
    touched.append(connection.touched)
    connection.begin()
    assert [*touched, connection.touched] == [False, True, False]


async def test_an_aborted_connection_is_closed_at_once() -> None:
    connection, wire = connected()
    connection.abort()
    assert (wire.aborted, connection.is_open) == (True, False)
    with pytest.raises(httpx.ReadError):
        await connection.head()
