from __future__ import annotations

from typing import Any

import pytest

from proxy.facts import request_facts
from proxy.facts.request_facts import RequestFacts
from routing_rules import UNKNOWN, Label, Labelled
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
