"""Rules that change while wye serves: edited in every way, wrong, mended, under streams and with dead workers."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.demo.processes import descendants, eventually
from tests.fakes.asks import HELLO
from tests.fakes.ollama import FakeOllama
from tests.fakes.upstream import FakeOpenAI, sse
from tests.wye_process import Wye, clean_environment, one_target

Edit = Callable[[Path, str], None]
RULE = '[[rule]]\nname = "{}"\nuse = ["up"]\n{}'


@pytest.fixture
def upstream() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


def rules(upstream: FakeOpenAI, name: str, more: str = "", target: str = "", server: str = "") -> str:
    return one_target(upstream.base_url, rules=RULE.format(name, more), more=target, server=server)


def file_of(wye: Wye) -> Path:
    return Path(wye.folder.name) / "wye.toml"


def answered_by(wye: Wye) -> str:
    body = {"model": "gpt-4o", "messages": HELLO}
    answer = httpx.post(f"{wye.base_url}/chat/completions", json=body, trust_env=False, timeout=30)
    assert answer.status_code == 200
    return answer.headers["x-wye-rule"]


def ready(wye: Wye) -> dict[str, Any]:
    answer = httpx.get(f"{wye.url}/readyz", trust_env=False, timeout=30)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def events(wye: Wye, name: str) -> list[dict[str, Any]]:
    return [event for event in list(wye.events) if event["event"] == name]


def wait_for(wye: Wye, name: str, count: int = 1, timeout_s: float = 10) -> list[dict[str, Any]]:
    """Wait until there are so many events of this name."""
    wye.wait_for(lambda _: len(events(wye, name)) >= count, timeout_s)
    return events(wye, name)


def by_rename(file: Path, text: str) -> None:
    other = file.with_name("edited")
    other.write_text(text, encoding="utf-8")
    other.rename(file)


def in_place(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


def by_link(file: Path, text: str) -> None:
    """Change a file as Kubernetes changes a ConfigMap: the folder that a link leads through is another one."""
    folder, data = file.parent, file.parent / "..data"
    (folder / "..2").mkdir()
    (folder / "..2" / file.name).write_text(text, encoding="utf-8")
    (folder / "..new").symlink_to("..2")
    (folder / "..new").rename(data)


def linked(file: Path) -> None:
    """Lay a file out as a ConfigMap is: a link to a link to a folder."""
    (file.parent / "..1").mkdir()
    file.rename(file.parent / "..1" / file.name)
    (file.parent / "..data").symlink_to("..1")
    file.symlink_to(Path("..data") / file.name)


@pytest.mark.parametrize("edit", [by_rename, in_place, by_link])
def test_an_edit_is_in_force_soon_however_it_is_made(upstream: FakeOpenAI, edit: Edit) -> None:
    with Wye(rules(upstream, "old")) as wye:
        if edit is by_link:
            linked(file_of(wye))
        assert answered_by(wye) == "old"
        edit(file_of(wye), rules(upstream, "new"))
        (reloaded,) = wait_for(wye, "rules.reloaded")
        assert (reloaded["rules"], reloaded["targets"]) == (1, ["up"])
        assert answered_by(wye) == "new"


def test_a_wrong_file_changes_nothing_and_says_why_until_it_is_mended(upstream: FakeOpenAI) -> None:
    with Wye(rules(upstream, "old")) as wye:
        in_place(file_of(wye), rules(upstream, "new", 'sat = "x"'))
        (refused,) = wait_for(wye, "reload.refused")
        assert "`sat`" in refused["problems"][0]
        assert answered_by(wye) == "old"
        assert ready(wye)["refused"] == {"file": str(file_of(wye)), "problems": refused["problems"]}
        in_place(file_of(wye), rules(upstream, "new"))
        wait_for(wye, "rules.reloaded")
        assert answered_by(wye) == "new"
        assert "refused" not in ready(wye)


def test_a_file_that_vanished_changes_nothing_and_one_that_is_back_as_it_was_clears_it(upstream: FakeOpenAI) -> None:
    text = rules(upstream, "old")
    with Wye(text) as wye:
        file_of(wye).unlink()
        assert "no such file" in wait_for(wye, "reload.refused")[0]["problems"][0]
        assert answered_by(wye) == "old"
        in_place(file_of(wye), text)
        assert eventually(lambda: "refused" not in ready(wye))
        assert events(wye, "rules.reloaded") == []


def test_a_secret_that_is_rotated_is_used_and_one_that_is_missing_is_refused(
    upstream: FakeOpenAI, tmp_path: Path
) -> None:
    secret = tmp_path / "key"
    secret.write_text("sk-one", encoding="utf-8")
    with Wye(rules(upstream, "old", target=f'key = "file:{secret}"')) as wye:
        by_rename(secret, "sk-two")
        wait_for(wye, "rules.reloaded")
        answered_by(wye)
        assert upstream.requests[-1].header("authorization") == "Bearer sk-two"
        secret.unlink()
        (refused,) = wait_for(wye, "reload.refused")
        assert str(secret) in refused["problems"][0]
        answered_by(wye)
        assert upstream.requests[-1].header("authorization") == "Bearer sk-two"
        assert "sk-" not in "".join(wye.lines)


@pytest.mark.parametrize("workers", [1, 2])
def test_sighup_reloads_every_worker_and_restarts_none(upstream: FakeOpenAI, workers: int) -> None:
    with Wye(rules(upstream, "old"), "--workers", str(workers)) as wye:
        answered_by(wye)
        family = descendants(wye.process.pid)
        wye.process.send_signal(signal.SIGHUP)
        reloaded = wait_for(wye, "rules.reloaded", workers)
        assert len({event["process"] for event in reloaded}) == workers
        for event in reloaded[:workers]:  # a closed terminal tells everybody; only the parent decides what it means
            if workers > 1:
                os.kill(event["process"], signal.SIGHUP)
        answered_by(wye)
        assert descendants(wye.process.pid) == family
        assert wye.stop() == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stream_that_began_before_a_reload_ends_whole_by_the_old_rules(upstream: FakeOpenAI, workers: int) -> None:
    gate = threading.Event()
    chunks: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]} for word in "abc"
    ]
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    with Wye(rules(upstream, "old", "set = { seed = 1 }"), "--workers", str(workers)) as wye:
        upstream.script = sse(*chunks, last, gate=gate)
        client = wye.client()
        with client.chat.completions.with_streaming_response.create(
            model="gpt-4o", messages=[{"role": "user", "content": "hello"}], stream=True
        ) as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("data: ")
            in_place(file_of(wye), rules(upstream, "new", "set = { seed = 2 }"))
            wye.process.send_signal(signal.SIGHUP)
            wait_for(wye, "rules.reloaded", workers)
            upstream.script = None
            assert answered_by(wye) == "new"
            assert answer.headers["x-wye-rule"] == "old"
            gate.set()
            rest = [line for line in lines if line]
        assert rest[-1] == "data: [DONE]"
        assert [line for line in rest if '"b"' in line or '"c"' in line] == rest[:2]
        seeds = [request.json()["seed"] for request in upstream.requests if request.method == "POST"]
        assert seeds == [1, 2]


def test_a_worker_that_dies_while_the_file_is_wrong_comes_back_with_the_rules_in_force(upstream: FakeOpenAI) -> None:
    with Wye(rules(upstream, "first"), "--workers", "2") as wye:
        in_place(file_of(wye), rules(upstream, "second"))
        reloaded = wait_for(wye, "rules.reloaded", 2)
        in_place(file_of(wye), "not toml")
        wait_for(wye, "reload.refused")
        for event in reloaded:
            os.kill(event["process"], signal.SIGKILL)
        assert eventually(lambda: _answers(wye), 20)
        for _ in range(6):
            assert answered_by(wye) == "second"
            assert ready(wye)["refused"]["problems"]
        in_place(file_of(wye), rules(upstream, "third"))
        wait_for(wye, "rules.reloaded", 4)
        assert {answered_by(wye) for _ in range(6)} == {"third"}
        assert len(events(wye, "reload.refused")) == 1


def _answers(wye: Wye) -> bool:
    try:
        return answered_by(wye) == "second"
    except httpx.HTTPError:
        return False


def test_keys_that_need_a_restart_are_named_and_the_rest_is_applied(upstream: FakeOpenAI) -> None:
    with Wye(rules(upstream, "old")) as wye:
        server = 'max_body = "1 kB"\nshutdown = "5s"\nworkers = 3\nport = 1\n'
        in_place(file_of(wye), rules(upstream, "new", server=server))
        wait_for(wye, "rules.reloaded")
        (needed,) = events(wye, "restart.needed")
        assert needed["keys"] == ["[server] workers", "[server] shutdown"]  # the port is the command line's
        large = httpx.post(f"{wye.base_url}/chat/completions", content=b"x" * 2000, trust_env=False, timeout=30)
        assert large.status_code == 413


def test_a_client_keeps_its_connection_and_the_upstream_its_own(upstream: FakeOpenAI) -> None:
    body = {"model": "gpt-4o", "messages": HELLO}
    with Wye(rules(upstream, "old")) as wye, httpx.Client(base_url=wye.base_url, trust_env=False, timeout=30) as client:
        first = client.post("/chat/completions", json=body)
        kept = upstream.connections
        in_place(file_of(wye), rules(upstream, "new"))
        wait_for(wye, "rules.reloaded")
        second = client.post("/chat/completions", json=body)
        assert (first.headers["x-wye-rule"], second.headers["x-wye-rule"]) == ("old", "new")
        streams = [one.extensions["network_stream"].get_extra_info("client_addr") for one in (first, second)]
        assert streams[0] == streams[1]
        assert upstream.connections == kept
        lists = [request for request in upstream.requests if request.method == "GET"]
        assert len(lists) == 1  # what a target has is still known


def test_without_a_file_sighup_says_that_there_is_nothing_to_read(tmp_path: Path) -> None:
    with FakeOllama() as ollama:
        environ = {**clean_environment(), "OLLAMA_HOST": ollama.url.removeprefix("http://")}
        command = [sys.executable, "-m", "proxy", "serve", "--port", "0"]
        with subprocess.Popen(command, cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert "server.started" in process.stderr.readline()
            process.send_signal(signal.SIGHUP)
            said = process.stderr.readline()
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0
    assert "reload.refused" in said
    assert "no file" in said


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_terminal_that_is_closed_ends_wye(upstream: FakeOpenAI, tmp_path: Path, workers: str) -> None:
    (tmp_path / "wye.toml").write_text(rules(upstream, "old"), encoding="utf-8")
    ours, theirs = pty.openpty()
    inside = (
        "import os, sys; os.setsid(); os.close(os.open(sys.argv[1], os.O_RDWR)); os.execv(sys.argv[2], sys.argv[2:])"
    )
    serve = [sys.executable, "-m", "proxy", "serve", "--config", "wye.toml", "--port", "0", "--workers", workers]
    command = [sys.executable, "-c", inside, os.ttyname(theirs), *serve]
    log = (tmp_path / "log").open("wb")
    with log, subprocess.Popen(command, cwd=tmp_path, env=clean_environment(), stderr=log) as process:
        os.close(theirs)
        assert eventually(lambda: b"server.started" in (tmp_path / "log").read_bytes(), 20)
        os.close(ours)
        assert process.wait(20) == 0
