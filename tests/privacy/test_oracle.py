"""The judge itself, on cases small enough to be worked out by hand."""

from __future__ import annotations

import pytest

from tests.privacy.conditions import Clause, _group, fits
from tests.privacy.oracle import LEAK, REACHED, TRIED, Answered, Judge, Violation, inside, labels_of
from tests.privacy.requests import Request
from tests.privacy.rule_files import RuleFile, Target
from tests.privacy.sinks import ENVIRONMENT_PROXY, Segment

LOCAL = Target("t0", "ollama", "127.0.0.2", ("*",))
CLOUD = Target("t1", "openai", "127.0.0.3", ())
FILE = RuleFile("", (LOCAL, CLOUD), (("blue", Clause({"stream": True}, lambda request: request.stream)),), {}, {})


def request(number: int = 0, *headers: tuple[str, str], stream: bool = False, quotes: int | None = None) -> Request:
    return Request(number, number, None, stream, headers, {}, {}, None, quotes)


def answered(asked: Request, *failed: str) -> Answered:
    return Answered(asked, asked.quotes is not None, 200, {}, b"", failed)


def arrived(path: str, address: str, body: bytes) -> Segment:
    return Segment(address, b"POST %b HTTP/1.1\r\n\r\n%b" % (path.encode(), body))


def kinds(found: object) -> list[str]:
    return [one.kind for one in found if isinstance(one, Violation)] if hasattr(found, "__iter__") else []


@pytest.mark.parametrize(
    ("pattern", "text", "outcome"),
    [
        ("gpt-*", "GPT-4o", True),
        ("g?t", "gt", False),
        ("a.c", "abc", False),
        ("!= x", None, True),
        ("!= x*", "X1", False),
        ("x", None, False),
    ],
)
def test_a_pattern_fits_as_the_language_says(pattern: str, text: str | None, outcome: bool) -> None:
    assert fits(pattern, text) is outcome


@pytest.mark.parametrize(("key", "outcome"), [("all", False), ("any", True), ("none", False)])
def test_groups_hold_as_their_names_say(key: str, outcome: bool) -> None:
    yes, no = Clause({}, lambda _: True), Clause({}, lambda _: False)
    assert _group(key, [yes, no]).holds(request()) is outcome


@pytest.mark.parametrize(
    ("entries", "host", "address", "outcome"),
    [
        (("127.0.0.0/24",), "127.0.0.9", "127.0.0.9", True),
        (("127.0.0.0/24",), "127.7.0.1", "127.7.0.1", False),
        (("127.7.0.1",), "any", "127.7.0.1", True),
        (("*.internal",), "near.internal", "127.7.0.1", True),
        (("*.internal",), "near.internal", "0.0.0.0", False),
        (("*.internal", "0.0.0.0/0"), "near.internal", "0.0.0.0", True),
        (("*.internal",), "far.example", "127.7.0.1", False),
        (("::1",), "127.0.0.1", "127.0.0.1", False),
        ((), "127.0.0.1", "127.0.0.1", False),
    ],
)
def test_an_address_is_inside_or_not(entries: tuple[str, ...], host: str, address: str, outcome: bool) -> None:
    assert inside(frozenset({"blue"}), host, address, {"blue": entries}) is outcome


def test_without_a_table_the_boundary_is_what_is_private() -> None:
    assert inside(frozenset({"blue"}), "any", "127.7.0.1", {"red": ()})
    assert not inside(frozenset({"blue"}), "any", "0.0.0.0", {})


def test_labels_are_those_asked_for_and_those_of_conditions() -> None:
    asked = request(0, ("x-wye-label", "Red, no label!"), ("x-wye-privacy-level", "max"), stream=True)
    assert labels_of(asked, FILE) == {"red", "private", "blue"}


def test_a_labelled_text_may_come_where_its_label_is_accepted_and_nowhere_else() -> None:
    judge = Judge(FILE, {}, [answered(request(stream=True)), answered(request(1))])
    assert kinds(judge.arrivals([arrived("/t0/v1", "127.0.0.2", b'{"model":"m:local","a":"mark0x"}')])) == []
    assert kinds(judge.arrivals([arrived("/t1/v1", "127.0.0.3", b'{"a":"mark1x"}')])) == []
    assert kinds(judge.arrivals([arrived("/t1/v1", "127.0.0.3", b'{"a":"mark0x"}')])) == [LEAK]
    assert kinds(judge.arrivals([Segment("127.0.0.3", b"POST /t1/v1 HTTP/1.1\r\nx: mark0x")])) == [LEAK]
    assert kinds(judge.arrivals([arrived("/t0/v1", "0.0.0.0", b'{"model":"m:local","a":"mark0x"}')])) == [LEAK]


@pytest.mark.parametrize("name", ["model", "MODEL"])
def test_a_labelled_text_may_not_come_with_the_name_of_a_cloud_model(name: str) -> None:
    judge = Judge(FILE, {}, [answered(request(stream=True)), answered(request(1))])
    body = f'{{"model": "a", "{name}": "qwen3:Cloud", "x": "mark%dx"}}'
    assert set(kinds(judge.arrivals([arrived("/t0/v1", "127.0.0.2", (body % 0).encode())]))) == {LEAK}
    assert kinds(judge.arrivals([arrived("/t0/v1", "127.0.0.2", (body % 1).encode())])) == []


def test_nothing_may_come_where_no_target_is_or_without_a_mark() -> None:
    judge = Judge(FILE, {}, [answered(request())])
    assert kinds(judge.arrivals([arrived("/elsewhere/v1", "127.0.0.2", b"mark0x")])) == [LEAK]
    assert kinds(judge.arrivals([arrived("/t0/v1", "127.0.0.2", b"{}")])) == [LEAK]
    assert kinds(judge.arrivals([arrived("/t0/v1", ENVIRONMENT_PROXY, b"mark0x")])) == [LEAK]


def test_a_quoted_turn_brings_its_labels() -> None:
    judge = Judge(FILE, {}, [answered(request(stream=True)), answered(request(1, quotes=0))])
    assert judge.labels == {0: {"blue"}, 1: {"blue"}}


def test_a_connection_that_no_request_may_make_is_seen() -> None:
    judge = Judge(FILE, {}, [answered(request(stream=True)), answered(request(1))])
    assert kinds(judge.connections([(-1, "127.0.0.3", 80), (0, "127.0.0.2", 80), (1, "127.0.0.3", 80)], 80)) == []
    assert kinds(judge.connections([(0, "127.0.0.3", 80), (1, "127.0.0.3", 81), (-1, "127.9.9.9", 80)], 80)) == [
        REACHED,
        REACHED,
        REACHED,
    ]


def test_a_candidate_that_was_tried_against_its_labels_is_seen() -> None:
    judge = Judge(FILE, {}, [answered(request(stream=True), "t0", "t1"), answered(request(1), "t1")])
    assert kinds(judge.told()) == [TRIED]
