"""What fake upstreams answer, and the ways in which they fail. A new fault is one line in `FAULTS`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.privacy.requests import CLOUD_MODELS
from tests.privacy.sinks import SINKS, Reply, Segment

SLOW_S = 0.04
LISTED = ("gpt-4o", "llama3.2", CLOUD_MODELS[0])
ELSEWHERE = "/elsewhere/v1/chat/completions"  # the path of no target: whoever comes here followed a redirect

Fault = Callable[[Segment, str], Reply]


def _http(status: int, body: bytes, *fields: str, kind: str = "application/json") -> bytes:
    head = [f"HTTP/1.1 {status} X", f"content-type: {kind}", f"content-length: {len(body)}", *fields]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def _streams(segment: Segment) -> bool:
    return b'"stream":true' in segment.body.replace(b" ", b"")


def _answer(segment: Segment) -> bytes:
    """An answer that quotes what it was asked, so that whoever quotes the answer quotes the question too."""
    text = "You asked: " + segment.body.decode("utf-8", "replace")[-600:]
    if not _streams(segment):
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return _http(200, json.dumps({"id": "c", "object": "chat.completion", "choices": [choice]}).encode())
    return _http(200, b"".join(_events(text)), kind="text/event-stream")


def _events(text: str) -> list[bytes]:
    return [
        b"data: %b\n\n" % json.dumps({"id": "c", "object": "chat.completion.chunk", "choices": [choice]}).encode()
        for choice in (
            {"index": 0, "delta": {"role": "assistant", "content": text[:40]}, "finish_reason": None},
            {"index": 0, "delta": {"content": text[40:]}, "finish_reason": "stop"},
        )
    ] + [b"data: [DONE]\n\n"]


def _error(status: int) -> Fault:
    body = json.dumps({"error": {"message": "no", "type": "x", "code": None, "param": None}}).encode()
    return lambda *_: Reply(_http(status, body))


def _redirect(status: int) -> Fault:
    return lambda _, place: Reply(_http(status, b"", f"location: http://{place}{ELSEWHERE}"))


def _cut(segment: Segment, _: str) -> Reply:
    whole = _answer(segment)
    return Reply(whole[: len(whole) * 2 // 3], then="reset")


SLOW = "is slow"
FAULTS: dict[str, Fault] = {
    "closes": lambda *_: Reply(then="close"),
    "resets": lambda *_: Reply(then="reset"),
    "cuts": _cut,
    SLOW: lambda segment, _: Reply(_answer(segment), after_s=SLOW_S),
    "answers and closes": lambda segment, _: Reply(_answer(segment), then="close"),
    "is no JSON": lambda *_: Reply(_http(200, b"<html>hello</html>")),
    "is no HTTP": lambda *_: Reply(b"220 mail.example ESMTP\r\n", then="close"),
    **{f"says {status}": _error(status) for status in (400, 401, 404, 429, 500, 503)},
    **{f"redirects with {status}": _redirect(status) for status in (301, 302, 303, 307, 308)},
}
WELL = "answers"
_LISTS: dict[str, bytes] = {
    "lists": _http(200, json.dumps({"data": [{"id": model} for model in LISTED]}).encode()),
    "lists nothing": _http(200, b'{"data":[]}'),
    "lists not": _http(404, b"no such page", kind="text/plain"),
}

# An Ollama that keeps labelled requests to itself, one that is too old for that, and one that does not tell.
_VERSIONS: dict[str, bytes] = {
    "lists": _http(200, b'{"version":"0.34.0"}'),
    "lists nothing": _http(200, b'{"version":"0.17.7"}'),
    "lists not": _http(404, b"no such page", kind="text/plain"),
}


@dataclass(frozen=True)
class Habits:
    """How the upstreams of one case behave: each target's faults in turn, its list of models, and where 3xx lead."""

    turns: Mapping[str, Sequence[str]]
    lists: Mapping[str, str]
    silent: Sequence[str]  # addresses where nobody listens
    elsewhere: str  # the address that redirects lead to


@dataclass
class Upstreams:
    """The upstreams of one case at work. `acted` counts what they did to requests that carry a body."""

    habits: Habits
    acted: Counter[str] = field(default_factory=Counter)
    port: int = 0
    _asked: Counter[str] = field(default_factory=Counter)

    def __call__(self, segment: Segment) -> Reply:
        """Answer one request."""
        target = segment.path.partition("/")[2].partition("/")[0]
        if segment.path.endswith("/api/version"):
            return Reply(_VERSIONS[self.habits.lists.get(target, "lists not")])
        if segment.method != "POST":
            return Reply(_LISTS[self.habits.lists.get(target, "lists not")])
        turns = self.habits.turns.get(target, (WELL,))
        fault = turns[min(self._asked[target], len(turns) - 1)]
        self._asked[target] += 1
        self.acted[fault] += 1
        return (
            FAULTS[fault](segment, f"{self.habits.elsewhere}:{self.port}") if fault != WELL else Reply(_answer(segment))
        )


def habits(names: Sequence[str]) -> st.SearchStrategy[Habits]:
    """Draw how the upstreams behave."""
    turn = st.one_of(*(st.sampled_from(drawn) for drawn in ((WELL,), (WELL, SLOW), *(sorted(FAULTS),) * 2)))
    return st.builds(
        Habits,
        turns=st.fixed_dictionaries({name: st.lists(turn, min_size=1, max_size=3) for name in names}),
        lists=st.fixed_dictionaries({name: st.sampled_from(sorted(_LISTS)) for name in names}),
        silent=st.one_of(
            st.just(()), st.just(()), st.lists(st.sampled_from(SINKS), max_size=2, unique=True).map(tuple)
        ),
        elsewhere=st.sampled_from(SINKS),
    )
