from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from proxy.demo.children import free_port
from proxy.demo.samples import SAMPLES
from tests.demo.processes import all_gone, descendants, eventually


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "proxy", "demo", *arguments]


def without_a_key() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"}


@pytest.fixture(scope="module")
def results() -> list[dict[str, Any]]:
    run = subprocess.run(
        command("--once", "--json", "--port", str(free_port())),
        capture_output=True,
        text=True,
        env=without_a_key(),
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    document = json.loads(run.stdout)
    assert len(document["results"]) == len(SAMPLES)
    return list(document["results"])


def test_the_small_question_is_answered_here(results: list[dict[str, Any]]) -> None:
    assert results[0]["target"] == "local:smollm2"
    assert results[0]["rule"] == "small models are answered here"
    assert results[0]["labels"] == []
    assert results[0]["answer"]


def test_the_secret_stays_here_although_its_rule_asks_the_cloud_first(results: list[dict[str, Any]]) -> None:
    assert results[1]["target"] == "local:smollm2"
    assert results[1]["rule"] == "big models go to the cloud"
    assert results[1]["labels"] == ["private"]
    assert "may not see that, so local answered" in results[1]["why"]
    assert "stand-in" not in results[1]["answer"]


def test_the_hard_question_goes_to_the_stand_in_which_says_so(results: list[dict[str, Any]]) -> None:
    assert results[2]["target"].startswith("cloud_standin")
    assert results[2]["labels"] == []
    assert results[2]["answer"].startswith("(stand-in for OpenAI, no key set)")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_after_the_samples_is_the_expected_end(number: int) -> None:
    with subprocess.Popen(
        command("--port", str(free_port())), stdout=subprocess.PIPE, text=True, env=without_a_key()
    ) as demo:
        assert demo.stdout is not None
        assert any("Ctrl-C ends it." in line for line in iter(demo.stdout.readline, ""))
        family = descendants(demo.pid)
        assert len(family) == 4
        demo.send_signal(number)
        assert demo.wait(20) == 0
    assert all_gone(family)


def test_an_interrupt_during_preparation_is_130() -> None:
    with subprocess.Popen(
        command("--port", str(free_port())),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=without_a_key(),
    ) as demo:
        assert demo.stderr is not None
        assert demo.stderr.readline() == "Preparing the model ...\n"
        assert eventually(lambda: bool(descendants(demo.pid)))
        family = descendants(demo.pid)
        demo.send_signal(signal.SIGINT)
        assert demo.wait(20) == 130
        assert "Traceback" not in demo.stderr.read()
    assert all_gone(family)


def test_kill_9_leaves_no_children(tmp_path: Path) -> None:
    # What nobody could clear up, the folder with the rules, is left where the test's own things are.
    env = {**without_a_key(), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command("--port", str(free_port())), stdout=subprocess.PIPE, text=True, env=env) as demo:
        assert demo.stdout is not None
        assert any("Ctrl-C ends it." in line for line in iter(demo.stdout.readline, ""))
        family = descendants(demo.pid)
        demo.kill()
    assert all_gone(family)


def test_a_port_in_use_is_one_sentence_and_exit_code_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        run = subprocess.run(command("--port", str(port)), capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr == f"port {port} is already in use; choose another with --port\n"
