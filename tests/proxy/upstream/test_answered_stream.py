from __future__ import annotations

import asyncio

import httpx
import pytest

from proxy.errors import BadGateway, GatewayTimeout, UpstreamAnswered, UpstreamError
from proxy.providers.base import EventReader
from proxy.providers.mended_events import MendedEvents
from proxy.providers.openai import PassedEvents
from proxy.upstream import answered_stream
from proxy.upstream.answered_stream import AnsweredStream
from tests.fakes.asks import ask, chat
from tests.fakes.transport import DONE, LAST, STOP, Body, chunk

pytestmark = pytest.mark.anyio

ROLE = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n'
ERROR = b'data: {"error":{"message":"overloaded","type":"server_error","param":null,"code":null}}\n\n'
Piece = bytes | asyncio.Event | Exception


def answered(
    *pieces: Piece, idle_s: float = 1e9, total_s: float = 1e9, reader: type[EventReader] = PassedEvents
) -> AnsweredStream:
    asked = ask(chat(stream=True))
    events: EventReader = reader(asked)  # type: ignore[call-arg]
    until = asyncio.get_running_loop().time() + total_s
    return AnsweredStream(aiter(Body(*pieces)), events, "local", idle_s, until)


async def read(stream: AnsweredStream) -> list[bytes]:
    await stream.begin()
    return [piece async for piece in stream.pieces()]


async def broken(stream: AnsweredStream) -> tuple[list[bytes], Exception]:
    """Read a stream that breaks off: what came before, and the error."""
    await stream.begin()
    got: list[bytes] = []
    try:
        async for piece in stream.pieces():
            got.append(piece)  # noqa: PERF401 - what came before the error counts
    except UpstreamError as error:
        return got, error
    raise AssertionError("the stream ended as if it were whole")


async def test_what_comes_before_content_is_held_and_then_handed_on_at_once() -> None:
    stream = answered(b": ping\n\n", ROLE, chunk("a"), chunk("b"), STOP, DONE)
    assert await read(stream) == [ROLE + chunk("a"), chunk("b"), STOP, DONE]


async def test_it_begins_with_the_first_content_and_reads_no_further() -> None:
    never = asyncio.Event()
    stream = answered(ROLE, chunk("a"), never)
    await stream.begin()
    assert await anext(aiter(stream.pieces())) == ROLE + chunk("a")


@pytest.mark.parametrize("size", [1, 7, 64])
async def test_events_are_cut_out_of_whatever_pieces_come(size: int) -> None:
    whole = ROLE + chunk("a") + b": ping\n\n" + chunk("b") + STOP + LAST + DONE
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    stream = answered(*pieces)
    assert b"".join(await read(stream)) == ROLE + chunk("a") + chunk("b") + STOP + DONE
    assert stream.reader.usage is not None


async def test_crlf_goes_in_and_what_every_client_reads_comes_out() -> None:
    stream = answered((chunk("a") + STOP + DONE).replace(b"\n", b"\r\n"))
    assert b"".join(await read(stream)) == chunk("a") + STOP + DONE


async def test_done_is_given_once_also_where_the_upstream_left_it_out() -> None:
    assert await read(answered(chunk("a"), STOP)) == [chunk("a"), STOP, DONE]


async def test_a_last_event_without_its_blank_line_counts() -> None:
    assert b"".join(await read(answered(chunk("a"), STOP.rstrip(b"\n") + b"\n"))) == chunk("a") + STOP + DONE


@pytest.mark.parametrize("after", [b"data: hello\n\n", b"garbage", ERROR, chunk("c")])
async def test_what_comes_after_done_is_nobodys(after: bytes) -> None:
    assert b"".join(await read(answered(chunk("a"), STOP, DONE + after))) == chunk("a") + STOP + DONE
    assert b"".join(await read(answered(chunk("a"), STOP, DONE, after))) == chunk("a") + STOP + DONE


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"",),
        (b": ping\n\n",),
        (ROLE,),
        (ROLE, DONE),
        (DONE,),
        (b"data: hello\n\n",),
        (ROLE, b"data: {"),
        (b"<html>",),
    ],
)
@pytest.mark.parametrize("reader", [PassedEvents, MendedEvents])
async def test_a_stream_that_answers_nothing_has_not_begun(
    pieces: tuple[bytes, ...], reader: type[EventReader]
) -> None:
    with pytest.raises(BadGateway):
        await answered(*pieces, reader=reader).begin()


async def test_an_error_before_content_is_one_before_the_beginning() -> None:
    for pieces in ((ERROR,), (ROLE, ERROR), (ROLE + chunk("a") + ERROR,)):
        with pytest.raises(UpstreamAnswered, match="overloaded"):
            await answered(*pieces).begin()


async def test_an_error_after_content_comes_after_all_content_before_it() -> None:
    got, error = await broken(answered(chunk("a"), chunk("b") + ERROR + chunk("never")))
    assert got == [chunk("a"), chunk("b")]
    assert isinstance(error, UpstreamAnswered)


@pytest.mark.parametrize(
    ("pieces", "kind"),
    [
        ((chunk("a"),), BadGateway),
        ((chunk("a"), httpx.ReadError("reset")), BadGateway),
        ((chunk("a"), httpx.RemoteProtocolError("cut")), BadGateway),
        ((chunk("a"), httpx.DecodingError("garbage")), BadGateway),
        ((chunk("a"), httpx.ReadTimeout("slow")), GatewayTimeout),
        ((chunk("a"), chunk("b")[:-10]), BadGateway),
    ],
)
async def test_a_stream_that_is_cut_says_so_and_no_done(pieces: tuple[Piece, ...], kind: type[Exception]) -> None:
    got, error = await broken(answered(*pieces))
    assert (got, type(error)) == ([chunk("a")], kind)


@pytest.mark.parametrize(("idle_s", "total_s"), [(0.001, 1e9), (1e9, 0.001)])
async def test_a_stream_may_be_silent_or_last_only_so_long(idle_s: float, total_s: float) -> None:
    stream = answered(chunk("a"), asyncio.Event(), idle_s=idle_s, total_s=total_s)
    await stream.begin()
    pieces = aiter(stream.pieces())
    assert await anext(pieces) == chunk("a")
    with pytest.raises(GatewayTimeout):
        await anext(pieces)


async def test_an_event_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.wire.sse.MAX_EVENT", 1_000)
    stream = answered(chunk("a"), *[b"x" * 300] * 10)
    await stream.begin()
    with pytest.raises(BadGateway, match="never ended"):
        [piece async for piece in stream.pieces()]


async def test_usage_that_is_kept_for_last_comes_before_done() -> None:
    asked = ask(chat(stream=True, stream_options={"include_usage": True}))
    with_usage = STOP.replace(b'"choices"', b'"usage":{"prompt_tokens":3},"choices"')
    stream = AnsweredStream(aiter(Body(chunk("a"), with_usage, DONE)), MendedEvents(asked), "local", 1e9, 1e9)
    *_, last = await read(stream)
    assert last.startswith(b"data: {")
    assert b'"prompt_tokens":3' in last
    assert last.endswith(b"\n\n" + DONE)


async def test_the_end_of_the_body_is_waited_for_after_done() -> None:
    body = Body(chunk("a"), STOP, DONE, b"\n", b"\n")
    stream = AnsweredStream(aiter(body), PassedEvents(ask(chat(stream=True))), "local", 1e9, 1e9)
    await read(stream)
    await stream.linger()
    assert body.read == 5


async def test_it_is_not_waited_for_long_nor_before_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answered_stream, "LINGER_S", 0.001)
    stream = answered(chunk("a"), STOP, DONE, asyncio.Event())
    await read(stream)
    await stream.linger()
    monkeypatch.setattr(answered_stream, "LINGER_S", 1e9)
    cut = answered(chunk("a"), asyncio.Event())
    await cut.begin()
    await cut.linger()
    assert (stream.reader.done, cut.reader.done) == (True, False)


async def test_a_body_that_breaks_after_done_is_nobodys_failure() -> None:
    stream = answered(chunk("a"), STOP, DONE, httpx.ReadError("reset"))
    assert b"".join(await read(stream)) == chunk("a") + STOP + DONE
    await stream.linger()
    assert stream.reader.finished
