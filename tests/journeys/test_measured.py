"""A real wye goes by what it measures: how soon targets begin, and which models are loaded there."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.ollama import FakeModel, FakeOllama, Stall, says
from tests.fakes.upstream import FakeOpenAI
from tests.journeys.raw import Raw, chat, ready
from tests.wye_process import Wye, clean_environment, two_targets

RULES = """
[[rule]]
name = "measured"
when = { header = { x-ask = "measured" }, first_token = { local = "< 10m" } }
use = ["local"]
[[rule]]
name = "warm"
when = { header = { x-ask = "warm" }, warm = { local = true } }
use = ["local"]
[[rule]]
name = "fastest"
when = { header = { x-ask = "fastest" } }
use = ["local", "cloud"]
order = "fastest"
[[rule]]
name = "warm first"
when = { header = { x-ask = "warm first" } }
use = ["local:cold", "cloud:gpt-4o", "local:llama3"]
order = "warm first"
[[rule]]
name = "rest"
use = ["cloud"]
"""


@pytest.fixture
def local() -> Iterator[FakeOllama]:
    with FakeOllama({"llama3": FakeModel(), "cold": FakeModel()}) as server:
        yield server


def asked(wye: Wye, how: str = "", **body: Any) -> dict[str, str]:
    """Ask for a stream and read it; return the answer's headers."""
    with Raw(wye, {**chat(), "stream": True, **body}, headers={"x-ask": how}) as raw:
        raw.rest()
        return raw.headers


def explained(wye: Wye, how: str) -> dict[str, Any]:
    """Return the explanation of a request as data, with what each rule says in one text."""
    with Raw(wye, chat(), path="/wye/explain", headers={"x-ask": how}) as raw:
        found: dict[str, Any] = raw.json()
    return {**found, "says": json.dumps([rule["why"] for rule in found["rules"] if "why" in rule])}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "facts.jsonl"


@pytest.fixture
def wye(local: FakeOllama, cloud: FakeOpenAI, log: Path) -> Iterator[Wye]:
    extra = f"[facts_log]\npath = {str(log)!r}\nfields = ['tokens_per_second.local']\n"
    with Wye(two_targets(local.base_url, cloud.base_url, rules=RULES, extra=extra, server="grace = '50ms'")) as server:
        yield ready(server)


def test_what_nobody_has_measured_matches_no_rule_and_a_stream_makes_it_known(wye: Wye) -> None:
    assert asked(wye, "measured")["x-wye-rule"] == "rest"
    assert "first_token.local: not measured yet, wanted < 10m" in explained(wye, "measured")["says"]
    asked(wye, model="local:llama3", stream=False)
    assert asked(wye, "measured")["x-wye-rule"] == "rest"
    asked(wye, model="local:llama3")
    assert asked(wye, "measured")["x-wye-rule"] == "measured"
    assert "first_token.local: measured " in explained(wye, "measured")["says"]


def test_the_fastest_to_begin_comes_first_and_the_log_holds_what_the_order_went_by(
    wye: Wye, local: FakeOllama, log: Path
) -> None:
    go = threading.Event()
    local.brain = says(Stall(go), *(f"word{at} " for at in range(20)))
    with Raw(wye, {**chat(), "model": "local:llama3", "stream": True}) as slow:
        slow.answer  # noqa: B018 - its head has come once it has been sent, and so it began before the next
        asked(wye, model="cloud:gpt-4o")
        go.set()
        slow.rest()
    assert asked(wye, "fastest")["x-wye-target"] == "cloud:gpt-4o-mini"
    assert wye.stop() == 0
    last = json.loads(log.read_text().splitlines()[-1])["facts"]
    assert last["first_token.local"] > last["first_token.cloud"] > 0
    assert last["healthy.local"] is last["healthy.cloud"] is True
    assert {"warm.local", "warm.local:cold", "tokens_per_second.local"} <= set(last)


def test_a_rule_file_that_goes_by_another_measure_is_compared_by_what_was_recorded(
    wye: Wye, log: Path, tmp_path: Path
) -> None:
    for model in ("local:llama3", "cloud:gpt-4o"):
        asked(wye, model=model)
    asked(wye, "measured")
    assert wye.stop() == 0
    names = {
        "old": wye.config,
        "new": wye.config.replace("< 10m", "> 10m"),
        "other": wye.config.replace("< 10m", "< 1ms"),
    }
    files = {name: tmp_path / f"{name}.toml" for name in names}
    for name, file in files.items():
        file.write_text(names[name])
    command = [
        sys.executable,
        "-m",
        "proxy",
        "diff",
        str(files["old"]),
        str(files["new"]),
        "--traffic",
        str(log),
        "--json",
    ]
    found = json.loads(subprocess.run(command, env=clean_environment(), capture_output=True, check=True).stdout)
    assert [(move["before"], move["after"], move["count"]) for move in found["renamed"]] == [("measured", "rest", 1)]
    assert (found["requests"], found["untold"]) == (3, [])


def test_a_model_that_is_loaded_comes_first_and_nobody_is_asked_who_need_not_be(wye: Wye, local: FakeOllama) -> None:
    while "warm.local: not measured yet" in explained(wye, "warm")["says"]:
        assert wye.process.poll() is None  # it asks as it starts, and nobody waits for it
    assert asked(wye, "warm")["x-wye-rule"] == "rest"
    assert asked(wye, "warm first")["x-wye-target"] == "cloud:gpt-4o"
    asked(wye, model="local:llama3")
    assert asked(wye, "warm")["x-wye-rule"] == "warm"
    assert asked(wye, "warm first")["x-wye-target"] == "local:llama3"
    assert "warm.local true: yes" in explained(wye, "warm")["says"]
    assert any(request.path == "/api/ps" for request in local.requests)


def test_where_no_rule_looks_at_it_nobody_is_asked_what_is_loaded(local: FakeOllama, cloud: FakeOpenAI) -> None:
    with Wye(two_targets(local.base_url, cloud.base_url)) as wye:
        asked(ready(wye), model="local:llama3")
        assert wye.stop() == 0
    assert [request.path for request in local.requests if request.path == "/api/ps"] == []
