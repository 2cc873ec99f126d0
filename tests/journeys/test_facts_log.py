"""The facts log of a real wye: a line for every request, nothing that was said in any, and no request that waits."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.fakes.ollama import FakeOllama
from tests.fakes.upstream import FakeOpenAI, sse
from tests.journeys.raw import Raw, chat
from tests.wye_process import Wye, clean_environment, one_target, two_targets

PLANTED = "Quorxenblatt"
SECRET = "my password is " + "hunter2-Blue42"
BY_TEAM = """
[[rule]]
name = "the blue team"
when = { header = { x-team = "blue" }, user = "ann" }
use = ["cloud"]
[[rule]]
name = "all"
use = ["local", "cloud"]
"""


def log_of(path: Path, *, fields: str = "[]", max_size: str = "100MB") -> str:
    return f"[facts_log]\npath = {str(path)!r}\nfields = {fields}\nmax_size = {max_size!r}\n"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def local() -> Iterator[FakeOllama]:
    with FakeOllama(num_parallel=8) as server:
        yield server


def asked(wye: Wye, text: str = PLANTED, **more: Any) -> str:
    """Ask with the SDK; return the exchange's id, of a failure too."""
    create = wye.client().chat.completions.with_raw_response.create
    messages: Any = [{"role": "user", "content": text}]
    try:
        answer = create(**{"model": "gpt-4o", "messages": messages, **more})
    except openai.APIStatusError as error:
        return str(error.response.headers["x-wye-id"])
    answer.parse() if not more.get("stream") else list(answer.parse())
    return answer.headers["x-wye-id"]


def test_every_request_has_its_line_and_no_line_says_what_was_said(
    tmp_path: Path, local: FakeOllama, cloud: FakeOpenAI
) -> None:
    path = tmp_path / "facts.jsonl"
    extra = log_of(path, fields='["turns", "prompt_tokens"]')
    with Wye(two_targets(local.base_url, cloud.base_url, rules=BY_TEAM, extra=extra)) as wye:
        team = {"x-team": "blue", "x-other": PLANTED}
        whole = asked(wye, user="ann", metadata={"note": PLANTED}, extra_headers=team)
        streamed = asked(wye, stream=True, extra_headers=team)
        labelled = asked(wye, SECRET, user="bob", extra_headers=team)
        refused = asked(wye, SECRET, model="cloud:gpt-4o", user="ann")
        named = asked(wye, model=f"local:{PLANTED} and more", user="ann")
        with Raw(wye, {"model": PLANTED, "messages": 5}) as raw:
            bad = raw.headers["x-wye-id"]
        assert wye.stop() == 0
        assert not [line for line in wye.lines if PLANTED in line or "hunter2" in line]
    found = {line.pop("id"): line for line in lines(path)}
    assert list(found) == [whole, streamed, labelled, refused, named, bad]
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    assert PLANTED not in text
    assert "hunter2" not in text
    for line in found.values():
        assert line.pop("at").endswith("+00:00")
        line.pop("draw", None)
    facts = found[whole].pop("facts")
    assert found[whole] == {"rule": "the blue team", "target": "cloud:gpt-4o", "status": 200}
    assert set(facts) == {"header.x-team", "model", "prompt_tokens", "secrets", "turns", "user"}
    assert (facts["header.x-team"], facts["user"], facts["secrets"], facts["model"]) == ("blue", "ann", False, "gpt-4o")
    assert found[streamed]["facts"]["user"] is None
    assert found[labelled] == {"labels": ["private"], "rule": "all", "target": "local", "status": 200}
    # The same words were labelled before: this request inherits what its secret adds anew.
    sticking = {"labels": ["private"], "brought": ["private"]}
    assert found[refused] == {**sticking, "rule": "named by the client", "status": 403}
    assert found[named]["facts"]["model"] == "(withheld)"
    assert found[bad] == {"status": 400}


def test_lines_of_the_last_requests_are_there_after_a_stop_and_a_client_that_left_has_one(
    tmp_path: Path, cloud: FakeOpenAI
) -> None:
    path, gate = tmp_path / "facts.jsonl", threading.Event()
    begun = {"choices": [{"index": 0, "delta": {"content": "a"}}]}
    with Wye(one_target(cloud.base_url, more=log_of(path), server='shutdown = "10s"')) as wye:
        try:
            cloud.script = sse(begun, begun, gate=gate)
            with Raw(wye, chat(stream=True)) as left:
                left.until(b'"a"')
                gone = left.headers["x-wye-id"]
            wye.settled(gone)
            with Raw(wye, chat(stream=True)) as raw:
                raw.until(b'"a"')
                last = raw.headers["x-wye-id"]
                stopping = threading.Thread(target=wye.stop)
                stopping.start()
                gate.set()
                assert raw.rest().endswith(b"data: [DONE]\n\n")
                stopping.join()
        finally:
            cloud.script = None
    assert [(line["id"], line["status"]) for line in lines(path)] == [(gone, 499), (last, 200)]


def test_two_workers_that_turn_the_file_over_lose_no_line_and_tear_none(tmp_path: Path, cloud: FakeOpenAI) -> None:
    path = tmp_path / "facts.jsonl"
    extra = log_of(path, max_size="30kB")  # some 150 bytes for each of 240 requests: full once
    with Wye(one_target(cloud.base_url, more=extra), "--workers", "2") as wye:

        def one(_: int) -> str:
            with Raw(wye, chat(PLANTED)) as raw:
                assert raw.json()["choices"]
                return raw.headers["x-wye-id"]

        with ThreadPoolExecutor(12) as pool:
            ids = list(pool.map(one, range(240)))
        assert wye.stop() == 0
    before = path.with_name(path.name + ".1")
    assert (before.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o600, 0o600)
    assert sorted(line["id"] for line in (*lines(before), *lines(path))) == sorted(ids)


def test_a_folder_that_goes_away_fails_no_request_and_is_said_once(tmp_path: Path, cloud: FakeOpenAI) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    path = folder / "facts.jsonl"
    with Wye(one_target(cloud.base_url, more=log_of(path))) as wye:
        first = asked(wye)
        path.unlink()  # the line is in it, or the next one makes a new file
        folder.rmdir()
        for _ in range(3):
            asked(wye)
        event = wye.wait_for(lambda event: event["event"] == "facts_log.failed")
        assert (event["level"], event["why"]) == ("warning", "No such file or directory")
        folder.mkdir()
        again = asked(wye)
        assert wye.stop() == 0
        said = [event["why"] for event in wye.events if event["event"] == "facts_log.failed"]
    assert said[0] == "No such file or directory"
    assert len(said) == 2
    assert said[1].endswith("lines were lost in all")
    ids = [line["id"] for line in lines(path)]
    assert ids[-1] == again
    assert first not in ids


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_fails_no_request_and_is_said_once(cloud: FakeOpenAI) -> None:
    with Wye(one_target(cloud.base_url, more=log_of(Path("/dev/full")))) as wye:
        for _ in range(3):
            asked(wye)
        assert wye.stop() == 0
        said = [event["why"] for event in wye.events if event["event"] == "facts_log.failed"]
    assert said == ["No space left on device", "3 lines were lost in all"]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_path_that_cannot_be_written_is_one_clear_sentence_and_nothing_serves(tmp_path: Path, workers: str) -> None:
    path = tmp_path / "no" / "facts.jsonl"
    file = tmp_path / "wye.toml"
    file.write_text(one_target("http://localhost:1/v1", more=log_of(path)), encoding="utf-8")
    command = [sys.executable, "-m", "proxy", "serve", "--config", str(file), "--port", "0", "--workers", workers]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=30, check=False)
    why = "No such file or directory"
    assert (done.returncode, done.stderr) == (
        1,
        f"Error: [facts_log] path: '{path}' cannot be written: {why}.\n",
    )
