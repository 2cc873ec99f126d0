"""What a caller may ask of wye, and `wye serve --only`, which an operator may: neither lifts a label."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.config.load import pack_text
from tests.fakes.ollama import FakeOllama
from tests.fakes.upstream import FakeOpenAI
from tests.journeys.raw import Raw, chat, chats
from tests.wye_process import Wye, clean_environment, two_targets

PACK = pack_text("private_first")
SECRET = "my password is hunter2-Blue42"
Json = dict[str, Any]


def config(local: FakeOllama, cloud: FakeOpenAI) -> str:
    """Write the shipped pack over the two fakes."""
    return two_targets(local.base_url, cloud.base_url, rules="").partition("[[label]]")[0] + PACK


@pytest.fixture(scope="module")
def wye(local: FakeOllama, cloud: FakeOpenAI) -> Iterator[Wye]:
    with Wye(config(local, cloud)) as server:
        yield server


def target_of(wye: Wye, body: Json, headers: dict[str, str] | None = None) -> tuple[str, str]:
    with Raw(wye, body, headers=headers) as raw:
        assert raw.answer.status == 200, raw.rest()
        return raw.headers["x-wye-target"].partition(":")[0], raw.headers["x-wye-rule"]


def preferring(value: str, text: str = "hello", **more: Any) -> Json:
    return chat(text, **more, routing_preferences={"latency_preference": value})


@pytest.mark.parametrize(
    ("preference", "model", "expected"),
    [
        ("speed", "gpt-4o", "local"),
        ("quality", "gpt-4o-mini", "cloud"),
        ("balanced", "gpt-4o", "cloud"),
        ("balanced", "gpt-4o-mini", "local"),
    ],
)
def test_the_shipped_rules_honour_what_a_caller_prefers(wye: Wye, preference: str, model: str, expected: str) -> None:
    in_body = target_of(wye, preferring(preference, model=model))
    in_header = target_of(wye, chat(model=model), {"x-wye-latency-preference": preference})
    assert in_body == in_header
    assert in_body[0] == expected
    assert in_body[1].startswith("whoever") is (preference != "balanced")


def test_a_label_binds_whatever_is_preferred(wye: Wye, cloud: FakeOpenAI) -> None:
    sent = len(chats(cloud))
    assert target_of(wye, preferring("quality", SECRET, model="gpt-4o"))[0] == "local"
    high = {"latency_preference": "quality", "privacy_level": "high"}
    assert target_of(wye, chat(model="gpt-4o", routing_preferences=high))[0] == "local"
    both = chat(model="gpt-4o", routing_preferences={"privacy_level": "standard"})
    assert target_of(wye, both, {"x-wye-privacy-level": "max"})[0] == "local"
    assert len(chats(cloud)) == sent


@pytest.mark.parametrize(
    "preferences",
    [
        {},
        {"privacy_level": "standard"},
        {"latency_preference": "quality"},
        {"force_provider": "cloud"},
        {"privacy_level": None, "latency_preference": None, "force_provider": None},
    ],
)
@pytest.mark.parametrize("name", ["cloud", "local"])
def test_no_preference_travels_on(wye: Wye, local: FakeOllama, cloud: FakeOpenAI, preferences: Json, name: str) -> None:
    headers = {"x-wye-privacy-level": "standard", "x-wye-latency-preference": "quality", "x-wye-deadline": "5s"}
    stated = {**preferences, "force_provider": name}
    assert target_of(wye, chat(model="gpt-4o", routing_preferences=stated), headers)[0] == name
    sent = chats(cloud if name == "cloud" else local)[-1]
    assert b"routing_preferences" not in sent.body
    assert not [header for header, _ in sent.headers if header.lower().startswith("x-wye")]


@pytest.mark.parametrize(
    ("preferences", "headers", "param"),
    [
        ({"privacy_levle": "high"}, {}, "routing_preferences"),
        ({"privacy_level": "hihg"}, {}, "routing_preferences.privacy_level"),
        ({"latency_preference": "fast"}, {}, "routing_preferences.latency_preference"),
        ({"force_provider": "clod"}, {}, "routing_preferences.force_provider"),
        ({"force_provider": "local"}, {"x-wye-force-provider": "cloud"}, "routing_preferences.force_provider"),
        ({}, {"x-wye-labels": "private"}, None),
        ("high", {}, "routing_preferences"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_sent(
    wye: Wye, local: FakeOllama, cloud: FakeOpenAI, preferences: Any, headers: dict[str, str], param: str | None
) -> None:
    sent = len(chats(local)) + len(chats(cloud))
    with Raw(wye, chat(routing_preferences=preferences), headers=headers) as raw:
        assert raw.answer.status == 400
        assert raw.error()["param"] == param
    assert len(chats(local)) + len(chats(cloud)) == sent


@pytest.mark.parametrize("name", ["local", "cloud"])
def test_with_only_everything_goes_to_that_target(local: FakeOllama, cloud: FakeOpenAI, name: str) -> None:
    with Wye(config(local, cloud), "--only", name) as wye:
        started = wye.wait_for(lambda event: event["event"] == "server.started")
        assert started["only"] == name
        assert [one.partition(" ")[0] for one in started["targets"]] == [name]
        for model in ("gpt-4o", "gpt-4o-mini", "cloud:gpt-4o", "local:llama3", "anything"):
            assert target_of(wye, chat(model=model))[0] == name
        with Raw(wye, method="GET", path="/v1/models") as raw:
            listed = {model["id"] for model in raw.json()["data"]}
        assert listed == ({"llama3:latest"} if name == "local" else {"gpt-4o", "gpt-4o-mini"})


def test_only_lifts_no_label(local: FakeOllama, cloud: FakeOpenAI) -> None:
    sent = len(chats(cloud))
    with Wye(config(local, cloud), "--only", "cloud") as wye:
        for body, headers in (
            (chat(SECRET, model="gpt-4o"), {}),
            (chat(model="gpt-4o"), {"x-wye-label": "private"}),
            (chat(model="cloud:gpt-4o", routing_preferences={"privacy_level": "high"}), {}),
            (chat(SECRET), {"x-wye-force-provider": "cloud"}),
        ):
            with Raw(wye, body, headers=headers) as raw:
                assert (raw.answer.status, raw.error()["code"]) == (403, "egress_refused")
    assert len(chats(cloud)) == sent


def test_only_needs_no_file_and_says_what_there_is(local: FakeOllama, tmp_path: Path) -> None:
    environ = {**clean_environment(), "OLLAMA_HOST": local.url.removeprefix("http://"), "OPENAI_API_KEY": "sk-x"}
    command = [sys.executable, "-m", "proxy", "serve", "--only", "lokal"]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "--only 'lokal'; expected the name of a target: cloud, local; did you mean 'local'?" in done.stderr
