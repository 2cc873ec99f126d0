from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.wire import sse
from proxy.wire.sse import DONE, KEEP_ALIVE, EventTooLong, Frame, FrameSplitter, event

PAYLOADS = st.sampled_from([b'{"a":1}', b'{"choices":[{"delta":{"content":"a b"}}]}', b"[DONE]", "{é}".encode(), b"x"])
LINES = st.sampled_from([b": comment", b":", b"id: 7", b"retry: 1000", b"event: ping", b"unknown", b"unknown: field"])
LINE_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


def read(pieces: Iterable[bytes]) -> list[Frame]:
    splitter = FrameSplitter()
    frames = [frame for piece in pieces for frame in splitter.feed(piece)]
    last = splitter.finish()
    return [*frames, last] if last else frames


def cut(text: bytes, places: Iterable[int]) -> list[bytes]:
    bounds = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(bounds)]


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """A stream and the payloads in it: any line ends, comments and other fields in between."""
    end = draw(LINE_ENDS)
    text, payloads = b"", []
    for payload in draw(st.lists(PAYLOADS, max_size=6)):
        noise = b"".join(line + end for line in draw(st.lists(LINES, max_size=2)))
        data = draw(st.sampled_from([b"data: ", b"data:", b"data:   "])) + payload + end
        blank = end * draw(st.integers(1, 3))
        text += noise + data + blank
        payloads.append(payload)
    return text, payloads


@given(streams(), st.lists(st.integers(0, 10_000), max_size=12))
def test_the_same_events_come_out_whatever_the_line_ends_and_the_pieces(
    stream: tuple[bytes, list[bytes]], places: list[int]
) -> None:
    text, payloads = stream
    assert read(cut(text, places)) == [Frame(payload) for payload in payloads]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_stream_may_be_cut_at_every_place(end: bytes) -> None:
    text = end.join([b": hello", b"", b"data: one", b"", b"id: 1", b"data: two", b"", b"", b"data:three", b"", b""])
    whole = [Frame(b"one"), Frame(b"two"), Frame(b"three")]
    for first in range(len(text) + 1):
        assert read([text[:first], text[first:]]) == whole
    assert read(text[at : at + 1] for at in range(len(text))) == whole


def test_an_event_comes_with_the_byte_that_ends_it_and_not_later() -> None:
    splitter = FrameSplitter()
    assert list(splitter.feed(b"data: one\n")) == []
    assert list(splitter.feed(b"\ndata: tw")) == [Frame(b"one")]
    assert list(splitter.feed(b"o\r\n\r")) == []
    assert list(splitter.feed(b"\n")) == [Frame(b"two")]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (b"data: one", Frame(b"one")),
        (b"data:one", Frame(b"one")),
        (b"data: [DONE] ", Frame(b"[DONE]")),
        (b"\xef\xbb\xbfdata: one", Frame(b"one")),
        (b"data: {\ndata: }", Frame(b"{\n}")),
        (b"event: message\ndata: one\nid: 3\nretry: 5", Frame(b"one")),
        (b'event: error\ndata: {"message":"m"}', Frame(b'{"message":"m"}', "error")),
        (b'error: {"code":500,"message":"m"}', Frame(b'{"code":500,"message":"m"}', "error")),
        (b'{"error":"the model failed"}', Frame(b'{"error":"the model failed"}', "error")),
        (b": comment", None),
        (b":", None),
        (b"data:", None),
        (b"data: ", None),
        (b"event: ping", None),
        (b"id: 5", None),
        (b"retry: 1000", None),
        (b"database: one", None),
        (b" data: one", None),
    ],
)
def test_an_event_is_its_data_and_what_has_none_is_nothing(block: bytes, expected: Frame | None) -> None:
    assert read([block + b"\n\n"]) == ([expected] if expected else [])


@pytest.mark.parametrize("rest", [b"data: one\n", b"data: one\r", b"data: one\r\n"])
def test_the_last_event_counts_without_its_blank_line_if_its_line_is_whole(rest: bytes) -> None:
    assert read([rest]) == [Frame(b"one")]


@pytest.mark.parametrize("rest", [b"", b"data: on", b'data: {"a":', b"\n", b": comment\n"])
def test_an_event_that_was_cut_in_its_line_is_none(rest: bytes) -> None:
    assert read([rest]) == []


def test_an_event_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT", 1_000)
    splitter = FrameSplitter()
    assert list(splitter.feed(b"data: " + b"x" * 900)) == []
    with pytest.raises(EventTooLong):
        list(splitter.feed(b"x" * 100))


def test_many_events_are_no_event_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT", 1_000)
    assert len(read([b"data: 12345\n\n" * 200])) == 200


@given(st.dictionaries(st.text(max_size=3), st.text() | st.integers(), max_size=3))
def test_what_is_written_is_read_again(document: dict[str, object]) -> None:
    payload = json.dumps(document).encode()
    assert read([event(payload)]) == [Frame(payload)]


def test_what_is_written_is_exactly_what_the_sdks_read() -> None:
    assert event(b"{}") == b"data: {}\n\n"
    assert DONE == b"data: [DONE]\n\n"
    assert KEEP_ALIVE == b": keep-alive\n"


def test_a_comment_between_two_events_is_not_seen() -> None:
    assert read([event(b"one") + KEEP_ALIVE + event(b"two")]) == [Frame(b"one"), Frame(b"two")]
