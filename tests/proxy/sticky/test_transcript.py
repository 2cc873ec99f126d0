from __future__ import annotations

import pytest

from proxy.sticky import transcript as transcript_module
from proxy.sticky.transcript import Transcript
from proxy.sticky.turns import Turn
from proxy.wire.sse import DONE, event

HALVES = [event(b'{"choices":[{"index":0,"delta":{"content":"%s"}}]}' % half) for half in (b"hello ", b"Anna")]


class Heard(list[list[Turn]]):
    """What a transcript handed on."""

    def transcript(self) -> Transcript:
        return Transcript(self._hear)

    def _hear(self, replies: list[Turn], whole: bool) -> None:
        self.append(replies)
        self.whole = whole


def test_a_whole_answer_is_read_at_its_end() -> None:
    heard = Heard()
    transcript = heard.transcript()
    transcript.take(b'{"choices":[{"message":{"content":"hello"}}]}')
    assert heard == []
    transcript.end()
    assert heard == [[Turn(("hello",), is_reply=True)]]


def test_a_stream_is_over_with_its_last_piece_before_the_client_has_that() -> None:
    heard = Heard()
    transcript = heard.transcript()
    transcript.take(HALVES[0])
    transcript.take(HALVES[1])
    assert heard == []
    transcript.take(DONE)
    assert heard == [[Turn(("hello Anna",), is_reply=True)]]
    assert heard.whole
    transcript.end()
    assert len(heard) == 1


def test_an_answer_that_never_came_says_nothing() -> None:
    heard = Heard()
    heard.transcript().end()
    assert heard == []


def test_a_stream_without_end_is_not_kept_without_end_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcript_module, "MAX_BYTES", len(HALVES[0]) + 1)
    heard = Heard()
    transcript = heard.transcript()
    for piece in (*HALVES, *HALVES, DONE):
        transcript.take(piece)
    ((said, *_),) = heard
    assert said == Turn(("hello Anna",), is_reply=True)
    assert not heard.whole
