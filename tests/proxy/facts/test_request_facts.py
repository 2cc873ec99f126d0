from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from proxy.facts import request_facts, token_ids
from proxy.facts.detectors import Detectors
from proxy.facts.names import PII_KINDS, PLAIN, is_known
from proxy.facts.request_facts import LARGE_BYTES, RequestFacts
from proxy.facts.strings import Strings
from proxy.facts.text_view import View, read
from routing_rules import UNKNOWN, Bounds, Label, Labelled, Secrets
from tests.fakes.rule_files import rule_book

SECRET = {"messages": [{"role": "user", "content": "password: hunter2"}]}


def facts(document: Any = None, **more: Any) -> RequestFacts:
    given = {"endpoint": "chat", "model": "gpt-4o", "stream": True, "headers": {"x-team": "legal"}, "texts": ["/v1"]}
    return RequestFacts(document=document or {}, **{**given, **more})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("endpoint", "chat"),
        ("model", "gpt-4o"),
        ("stream", True),
        ("header.x-team", "legal"),
        ("header.x-other", None),
        ("secrets", False),
    ],
)
def test_a_fact_is_found_by_its_name(name: str, expected: object) -> None:
    assert facts().value(name) == expected


def test_a_request_need_not_name_a_model() -> None:
    assert facts(model=None).value("model") is None


def test_a_secret_anywhere_in_the_body_or_the_address_is_found() -> None:
    assert facts(SECRET).value("secrets") is True
    assert facts({"x_unknown": {"password": "hunter2"}}).value("secrets") is True
    assert facts(texts=["/v1/chat/completions?password=hunter2"]).value("secrets") is True


class Detector:
    """Counts how often it is asked, and fails on demand."""

    def __init__(self, fails_with: Exception | None = None) -> None:
        self.asked = 0
        self._error = fails_with

    def __call__(self, _: str) -> bool:
        self.asked += 1
        if self._error is not None:
            raise self._error
        return True


def install(monkeypatch: pytest.MonkeyPatch, detector: Detector) -> Detector:
    monkeypatch.setitem(request_facts._DETECTORS, "secrets", detector)
    return detector


def test_a_detector_runs_once_and_only_if_somebody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = install(monkeypatch, Detector())
    request = facts()
    request.value("model")
    request.prepare(["model", "header.x-team"])
    assert detector.asked == 0
    request.prepare(["model", "secrets"])
    assert [request.value("secrets"), request.value("secrets")] == [True, True]
    assert detector.asked == 1


@pytest.mark.parametrize("error", [ValueError("x"), RecursionError(), MemoryError(), TimeoutError()])
def test_a_detector_that_fails_leaves_its_fact_unknown_and_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    detector = install(monkeypatch, Detector(error))
    request = facts()
    assert [request.value("secrets"), request.value("secrets")] == [UNKNOWN, UNKNOWN]
    assert detector.asked == 1


def test_a_fact_that_nobody_can_find_is_unknown() -> None:
    assert facts().value("complexity") is UNKNOWN


def test_a_detector_that_fails_adds_its_label(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Detector(ValueError("x")))
    book = rule_book(labels=(Label(add="private", when={"secrets": True}),))
    assert book.label(facts(), Labelled()).labels == {"private"}


def test_a_body_that_is_too_deep_for_the_view_is_unknown_and_not_harmless() -> None:
    document: Any = "password: hunter2"
    for _ in range(5_000):
        document = [document]
    assert facts({"messages": document}).value("secrets") is UNKNOWN


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("caf\u00e9".encode(), "caf\u00e9"),
        ("caf\u00e9".encode("latin-1"), "caf\u00e9"),
        ("\u6cd5\u52a1".encode(), "\u6cd5\u52a1"),
        (b"legal", "legal"),
        (b"", ""),
    ],
)
def test_a_header_reads_as_it_was_meant_whichever_way_it_was_encoded(sent: bytes, read: str) -> None:
    assert facts(headers={"x-team": sent.decode("latin-1")}).value("header.x-team") == read


NOON = datetime(2026, 11, 25, 12, 5, tzinfo=UTC)
BODY = {
    "messages": [
        {"role": "system", "content": "mail boss@example.com"},
        {"role": "user", "content": "one, my passport"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "password: hunter2"},
    ],
    "tools": [{"type": "function", "function": {"name": "look_up"}}],
    "max_tokens": 100,
    "metadata": {"Team": "legal"},
    "routing_preferences": {"privacy_level": "standard", "latency_preference": "fast", "x": 5},
    "response_format": {"type": "json_object"},
    "reasoning_effort": "low",
    "user": "anna",
}
SEARCHES = ("matches:pass", "matches@last_user:^pass", "matches@system:pass", "contains:passport", "contains@user:two")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("max_tokens", 100),
        ("messages", 4),
        ("turns", 2),
        ("tools", True),
        ("tool_names", ("look_up",)),
        ("images", False),
        ("audio", False),
        ("files", False),
        ("opaque", False),
        ("response_format", "json_object"),
        ("reasoning_effort", "low"),
        ("user", "anna"),
        ("metadata.team", "legal"),
        ("metadata.other", None),
        ("preference.x", "5"),
        ("preference.latency_preference", "fast"),
        ("preference.privacy_level", "standard, high"),
        ("preference.force_provider", "cloud"),
        ("preference.team", None),
        ("hour", 12),
        ("weekday", "wed"),
        ("secrets@user", True),
        ("secrets@last_user", True),
        ("secrets@system", False),
        ("pii.email", True),
        ("pii.email@user", False),
        ("pii.email@system", True),
        ("pii.card", False),
        ("matches:pass", True),
        ("matches@last_user:^pass", True),
        ("matches@system:pass", False),
        ("contains:passport", True),
        ("contains@user:two", False),
        ("matches:nobody asked for this at load", UNKNOWN),
        ("matches:", UNKNOWN),
        ("secrets@nobody", UNKNOWN),
    ],
)
def test_the_whole_request_can_be_asked(name: str, expected: object) -> None:
    headers = {"x-wye-privacy-level": "high", "x-wye-force-provider": "cloud", "x-wye-team": "x"}
    assert facts(BODY, headers=headers, detectors=Detectors(SEARCHES), now=NOON).value(name) == expected


def test_every_name_that_loads_has_an_answer() -> None:
    names = [
        *PLAIN,
        "header.x",
        "metadata.x",
        "preference.x",
        "secrets",
        *(f"pii.{kind}" for kind in PII_KINDS),
        *SEARCHES,
    ]
    request = facts(BODY, detectors=Detectors(SEARCHES), now=NOON)
    assert all(map(is_known, names))
    assert [name for name in names if request.value(name) is UNKNOWN] == []


def test_without_a_clock_the_time_is_unknown() -> None:
    assert [facts().value("hour"), facts().value("weekday")] == [UNKNOWN, UNKNOWN]


@pytest.mark.parametrize(("day", "name"), [(23, "mon"), (28, "sat"), (29, "sun")])
def test_the_week_begins_on_monday(day: int, name: str) -> None:
    assert facts(now=NOON.replace(day=day)).value("weekday") == name


def test_the_total_is_the_prompt_and_what_the_answer_may_have() -> None:
    request = facts(BODY)
    prompt, total = request.value("prompt_tokens"), request.value("total_tokens")
    assert isinstance(prompt, Bounds)
    assert total == Bounds(prompt.low + 100, prompt.high + 100)
    without = facts({"messages": []})
    assert without.value("total_tokens") == without.value("prompt_tokens")
    assert facts({"messages": [], "max_tokens": "many"}).value("total_tokens") is UNKNOWN


@pytest.mark.parametrize(
    "document",
    [
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y"}}]}]},
        {"messages": [{"role": "user", "content": base64.b64encode(bytes(range(256))).decode()}]},
        {"messages": [{"role": "user", "content": "data:application/pdf;base64,JVBERi0xLjcKJb/3ov4="}]},
        {"input": "x", "previous_response_id": "resp-1"},
        {"prompt": [300_000, 5]},
    ],
)
def test_what_nobody_can_read_is_opaque(document: dict[str, Any]) -> None:
    assert facts(document).value("opaque") is True


def test_a_body_that_was_not_read_is_opaque_and_of_unknown_length() -> None:
    request = RequestFacts(endpoint="audio", model=None, stream=False, headers={}, document=None, texts=[])
    assert [request.value("opaque"), request.value("prompt_tokens"), request.value("secrets")] == [True, UNKNOWN, False]


IDS = {"prompt": [15339, 1917]}


def test_a_thread_is_needed_for_large_bodies_and_for_the_first_token_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_ids, "_tables", {})
    assert facts(size_bytes=LARGE_BYTES + 1).needs_thread(["model"])
    assert not facts(size_bytes=LARGE_BYTES).needs_thread(["secrets"])
    assert not facts(BODY).needs_thread(["secrets", "opaque"])
    assert facts(IDS).needs_thread(["secrets"])
    assert facts(IDS).needs_thread(["matches@user:x"])
    assert not facts(IDS).needs_thread(["matches@system:x", "model", "complexity"])
    facts(IDS).prepare(["opaque"])
    assert not facts(IDS).needs_thread(["secrets"])


def test_a_view_is_made_once_for_each_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def counted(found: Strings, *extra: str) -> View:
        made.append(len(extra))
        return read(found, *extra)

    monkeypatch.setattr(request_facts, "read", counted)
    request = facts(BODY, detectors=Detectors(SEARCHES))
    request.prepare([*SEARCHES, "secrets", "opaque", "pii.email", "secrets@user", "pii.email@user"])
    assert sorted(made) == [0, 0, 0, 1]


def test_of_secrets_there_is_more_to_say_than_whether_there_are_any() -> None:
    text = "ghp_" + "A1b2C3d4E5f6G7h8" * 3 + ", badge-7; my password is sunshine"
    own = Detectors((), Secrets(patterns={"badge": r"badge-\d"}))
    request = facts({"messages": [{"role": "user", "content": text}]}, detectors=own)
    assert request.details("secrets") == {"kinds": ["github token", "badge", "told in words"]}
    assert request.details("secrets@system") == {"kinds": []}
    assert [request.details(name) for name in ("model", "unheard_of")] == [{}, {}]


def test_what_fails_has_no_more_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> View:
        raise RecursionError

    monkeypatch.setattr(request_facts, "read", fail)
    assert facts(SECRET).details("secrets") == {}
