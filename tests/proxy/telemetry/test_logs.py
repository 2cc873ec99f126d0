from __future__ import annotations

import contextlib
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import structlog

from proxy.telemetry import logs
from proxy.telemetry.events import (
    AttemptFailed,
    CatalogueFailed,
    Event,
    ExchangeSettled,
    Fault,
    ReloadRefused,
    RestartNeeded,
    RulesReloaded,
)
from proxy.telemetry.logs import log_event, set_up_logging
from tests.proxy.telemetry.test_events import ALL

SETTLED = ExchangeSettled(
    id="wye-1",
    endpoint="chat",
    stream=False,
    status=200,
    code=None,
    rule="everything else",
    labels=(),
    target="local",
    model="llama3.2",
    attempts=1,
    first_ms=None,
    total_ms=12.5,
    tokens_in=0,
    tokens_out=None,
)
PROMPT = "my password is " + "hunter2"


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_every_kind_of_event_has_a_name_and_a_level() -> None:
    assert set(logs._NAMES) == set(ALL)
    assert len({name for name, _ in logs._NAMES.values()}) == len(ALL)


def test_an_event_is_one_line_of_json_without_what_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info", "json")
    log_event(SETTLED)
    (line,) = lines(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "exchange.settled",
        "level": "info",
        "id": "wye-1",
        "endpoint": "chat",
        "stream": False,
        "status": 200,
        "rule": "everything else",
        "target": "local",
        "model": "llama3.2",
        "attempts": 1,
        "total_ms": 12.5,
        "tokens_in": 0,
    }


@pytest.mark.parametrize(
    ("event", "name", "level"),
    [
        (
            AttemptFailed(id="1", target="a", model="m", failure="connect", status=502, after_ms=1.0),
            "attempt.failed",
            "warning",
        ),
        (CatalogueFailed(target="a", why="gone"), "catalogue.failed", "warning"),
        (Fault(id="1", kind="ValueError", where="x.py:5"), "fault", "error"),
        (SETTLED, "exchange.settled", "info"),
        (RulesReloaded(process=1, rules=2, targets=("a",)), "rules.reloaded", "info"),
        (ReloadRefused(file="wye.toml", problems=("no",)), "reload.refused", "error"),
        (RestartNeeded(keys=("[server] port",)), "restart.needed", "warning"),
    ],
)
def test_an_event_has_its_name_and_its_level(
    event: Event, name: str, level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging("debug", "json")
    log_event(event)
    (line,) = lines(capsys)
    assert (line["event"], line["level"]) == (name, level)


@pytest.mark.parametrize(("level", "written"), [("debug", 3), ("info", 3), ("warning", 2), ("error", 1)])
def test_what_is_below_the_level_is_not_written(level: str, written: int, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(level, "json")
    for event in (SETTLED, CatalogueFailed(target="a", why="gone"), Fault(id="1", kind="E", where="x")):
        log_event(event)
    assert len(lines(capsys)) == written


@pytest.mark.parametrize("form", ["auto", "json"])
def test_where_no_person_looks_on_lines_are_json(form: Any, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info", form)
    log_event(SETTLED)
    assert lines(capsys)[0]["event"] == "exchange.settled"


def test_a_line_for_a_person_names_the_event_and_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info", "console")
    log_event(SETTLED)
    written = capsys.readouterr().err
    assert "exchange.settled" in written
    assert "llama3.2" in written


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_holds_no_local_variables(form: Any, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info", form)

    def fail(prompt: str) -> None:
        held = prompt + "!"
        raise ValueError(len(held))

    try:
        fail(PROMPT)
    except ValueError:
        structlog.get_logger().error("fault", exc_info=True)
    written = capsys.readouterr().err
    assert "ValueError" in written
    assert PROMPT not in written


@pytest.mark.parametrize(
    ("model", "written"),
    [
        ("llama3.1:8b", "llama3.1:8b"),
        ("hf.co/bartowski/Llama-3.2-GGUF:Q4_K_M", "hf.co/bartowski/Llama-3.2-GGUF:Q4_K_M"),
        ("ft:gpt-4o-mini:acme::1", "ft:gpt-4o-mini:acme::1"),
        ("my password is x", "(withheld)"),
        ("a\nb", "(withheld)"),
        ("x" * 129, "(withheld)"),
        ("sk-" + "proj0123456789", "(withheld)"),
        ("m\u00fcller", "(withheld)"),
        ("", "(withheld)"),
    ],
)
def test_what_a_client_wrote_in_place_of_a_model_is_no_way_into_the_log(
    model: str, written: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging("info", "json")
    log_event(msgspec.structs.replace(SETTLED, model=model))
    assert lines(capsys)[0]["model"] == written


def test_a_line_is_written_in_one_piece_so_that_workers_do_not_write_into_each_others() -> None:
    pieces: list[str] = []

    class Pieces(io.StringIO):
        def write(self, text: str) -> int:
            pieces.append(text)
            return len(text)

    with contextlib.redirect_stderr(Pieces()):
        set_up_logging("info", "json")
        log_event(SETTLED)
    assert len(pieces) == 1
    assert pieces[0].endswith("}\n")
