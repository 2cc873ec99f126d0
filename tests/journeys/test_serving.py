"""Starting and stopping: as a user would, with what a user would get wrong."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.demo.processes import all_gone, descendants
from tests.fakes.ollama import FakeOllama
from tests.fakes.upstream import FakeOpenAI, sse
from tests.wye_process import Wye, clean_environment, one_target


def serve(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "proxy", "serve", *arguments],
        cwd=cwd,
        env={**clean_environment(), **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_port_in_use_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "wye.toml").write_text(one_target("http://localhost:1/v1"), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = serve("--config", "wye.toml", "--port", port, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        f"Error: Port {port} is already in use on 127.0.0.1: choose another with --port, or stop what uses it.\n"
    )


def test_a_broken_file_names_every_problem_and_does_not_serve(tmp_path: Path) -> None:
    broken = one_target("http://localhost:1/v1", more='modle = "x"').replace('use = ["up"]', 'use = ["down"]')
    (tmp_path / "wye.toml").write_text(broken, encoding="utf-8")
    done = serve("--config", "wye.toml", cwd=tmp_path)
    assert done.returncode == 1
    assert "`modle`" in done.stderr
    assert "'down'" in done.stderr


def test_a_missing_secret_names_its_target_and_its_variable(tmp_path: Path) -> None:
    (tmp_path / "wye.toml").write_text(
        one_target("http://localhost:1/v1", more='key = "env:NOT_SET"'), encoding="utf-8"
    )
    done = serve("--config", "wye.toml", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        1,
        "Error: wye.toml: [target.up] key: env:NOT_SET: is not set: set it, or take the target out\n",
    )


def test_beyond_loopback_needs_open(tmp_path: Path) -> None:
    (tmp_path / "wye.toml").write_text(one_target("http://localhost:1/v1"), encoding="utf-8")
    done = serve("--config", "wye.toml", "--host", "0.0.0.0", cwd=tmp_path)
    assert done.returncode == 1
    assert "open = true" in done.stderr


def test_nobody_to_answer_says_what_to_set(tmp_path: Path) -> None:
    done = serve(cwd=tmp_path, OLLAMA_HOST="127.0.0.1:1")
    assert done.returncode == 1
    assert "OPENAI_API_KEY" in done.stderr
    assert "OLLAMA_HOST" in done.stderr


@pytest.mark.parametrize(
    ("key", "rules"),
    [
        ("", ["everything stays here"]),
        (
            "sk-x",
            [
                "whoever asks for speed is answered here",
                "whoever asks for quality is answered by the cloud",
                "small models are answered here",
                "big models go to the cloud",
                "everything else stays here",
            ],
        ),
    ],
)
def test_without_a_file_what_is_found_serves(tmp_path: Path, key: str, rules: list[str]) -> None:
    with FakeOllama() as ollama:
        environ = {**clean_environment(), "OLLAMA_HOST": ollama.url.removeprefix("http://"), "OPENAI_API_KEY": key}
        command = [sys.executable, "-m", "proxy", "serve", "--port", "0"]
        with subprocess.Popen(command, cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            started = json.loads(process.stderr.readline())
            process.send_signal(signal.SIGINT)
            assert process.wait(15) == 0
    assert started["rules"] == rules
    assert started["config"] == "the environment (no file)"
    assert "local (ollama, accepts every label)" in started["targets"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_lets_a_stream_finish(how: signal.Signals) -> None:
    gate = threading.Event()
    with FakeOpenAI() as upstream, Wye(one_target(upstream.base_url)) as wye:
        chunk = {"index": 0, "delta": {"content": "a"}, "finish_reason": None}
        last = {"index": 0, "delta": {}, "finish_reason": "stop"}
        upstream.script = sse({"choices": [chunk]}, {"choices": [last]}, gate=gate)
        stream = wye.client().chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": "hello"}], stream=True
        )
        pieces = iter(stream)
        assert next(pieces).choices[0].delta.content == "a"
        wye.process.send_signal(how)
        gate.set()
        assert [piece.choices[0].finish_reason for piece in pieces] == ["stop"]
        assert wye.stop() == 0


def test_several_workers_answer_and_end_with_their_parent() -> None:
    with FakeOpenAI() as upstream, Wye(one_target(upstream.base_url), "--workers", "2") as wye:
        client = wye.client()
        for _ in range(8):
            answer = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hello"}])
            assert answer.choices[0].message.content == "openai:gpt-4o: hello"
        assert wye.stop() == 0
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", wye.port), timeout=5)


def test_the_version_is_printed() -> None:
    done = subprocess.run([sys.executable, "-m", "proxy", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("wye 0.")


def test_workers_do_not_outlive_a_parent_that_was_killed() -> None:
    with FakeOpenAI() as upstream, Wye(one_target(upstream.base_url), "--workers", "2") as wye:
        wye.client().models.list()
        family = descendants(wye.process.pid)
        assert len(family) >= 2
        wye.process.kill()
        assert all_gone(family)
