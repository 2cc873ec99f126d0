"""The commands that look at rules, as processes: what a person reads, and what a CI job goes by."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import openai
import pytest

from tests.fakes.command_files import GREEN, RED, RULES
from tests.fakes.ollama import FakeOllama
from tests.fakes.upstream import FakeOpenAI
from tests.wye_process import Wye, clean_environment, two_targets

SECRET = "my password is hunter2"
Done = subprocess.CompletedProcess[str]


class Shell:
    """A folder, and `wye` in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def wye(self, *arguments: str, said: str = "") -> Done:
        command = [sys.executable, "-m", "proxy", *arguments]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=clean_environment(),
            input=said,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shell, dict[str, str]]:
    """A folder with the facts log of a wye that answered, its rule file, and the ids of what it answered by name."""
    shell, ids = Shell(tmp_path_factory.mktemp("served")), {}
    with FakeOpenAI() as cloud, FakeOllama() as local:
        log = shell.folder / "facts.jsonl"
        rules = two_targets(local.url + "/v1", cloud.base_url, extra=f'[facts_log]\npath = "{log}"')
        shell.write("wye.toml", rules)
        with Wye(rules) as wye:
            for name, model, text in (("big", "gpt-4o", "hello"), ("secret", "gpt-4o", SECRET), ("small", "x", "hi")):
                ids[name] = ask(wye.client(), model, text)
            wye.stop()  # what waits for the log is written
    return shell, ids


def ask(client: openai.OpenAI, model: str, text: str) -> str:
    answer = client.chat.completions.with_raw_response.create(model=model, messages=[{"role": "user", "content": text}])
    return answer.headers["x-wye-id"]


def test_a_rule_file_is_written_tested_explained_and_proved(shell: Shell) -> None:
    shell.write("config.toml", RULES + GREEN)
    assert shell.wye("check").returncode == 0
    tested = shell.wye("test")
    assert (tested.returncode, tested.stdout) == (0, "green  a password stays here\nconfig.toml: 1 test, 0 red\n")
    explained = shell.wye("explain", "--model", "gpt-4o", "--prompt", SECRET)
    assert explained.returncode == 0
    assert explained.stdout.startswith("It goes to local:llama3.2, by the rule “big models go out”. Not to cloud")
    proved = shell.wye("prove", "--offline")
    assert proved.returncode == 0
    assert proved.stdout.endswith("proved. No request labelled hr or private can get outside its boundary\n")


def test_a_ci_job_goes_by_exit_codes_and_json(shell: Shell) -> None:
    shell.write("red.toml", RULES + RED)
    shell.write("leaky.toml", RULES.replace('models = ["gpt-*"]', 'models = ["gpt-*"]\naccepts = ["private"]'))
    shell.write("broken.toml", RULES.replace('use = ["local"]', 'use = ["locl"]'))
    jobs = [
        *(("test", "red.toml"), ("prove", "leaky.toml", "--offline"), ("check", "broken.toml")),
        *(("test", "broken.toml"), ("prove", "broken.toml"), ("explain", "broken.toml")),
    ]
    for job in jobs:
        done = shell.wye(*job, "--json")
        assert (done.returncode, json.loads(done.stdout)["ok"]) == (1, False), job
        assert shell.wye(*job).returncode == 1
    assert json.loads(shell.wye("explain", "red.toml", "--json").stdout)["status"] == 200


def test_a_body_is_piped_in(shell: Shell) -> None:
    shell.write("wye.toml", RULES)
    body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": SECRET}]})
    done = shell.wye("explain", "wye.toml", "--body", "-", "--json", said=body)
    assert [one["label"] for one in json.loads(done.stdout)["labels"]] == ["private"]
    broken = shell.wye("explain", "wye.toml", "--body", "-", said=body[:-5])
    assert (broken.returncode, broken.stdout) == (1, "")
    assert broken.stderr.startswith("Error: the body is not a JSON object")


def test_a_pipe_that_closes_early_is_no_crash(shell: Shell) -> None:
    shell.write("wye.toml", RULES)
    command = [sys.executable, "-m", "proxy", "explain", "wye.toml"]
    with subprocess.Popen(
        command, cwd=shell.folder, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


def test_a_past_request_is_explained_by_its_id(served: tuple[Shell, dict[str, str]]) -> None:
    shell, ids = served
    lines = shell.wye("explain", "wye.toml", "--id", ids["big"]).stdout.splitlines()
    assert lines[0].endswith("it went to cloud:gpt-4o, by the rule “big models go to the cloud” (status 200).")
    assert lines[2].startswith("It goes to cloud:gpt-4o, by the rule “big models go to the cloud”")
    assert "  model: 'gpt-4o'" in lines
    secret = shell.wye("explain", "wye.toml", "--id", ids["secret"])
    assert secret.returncode == 0
    assert "It was labelled private, so no fact of it is recorded" in secret.stdout
    none = shell.wye("explain", "wye.toml", "--id", "wye-0")
    assert (none.returncode, none.stderr.count("\n")) == (1, 1)


def test_the_log_holds_no_text_and_is_for_its_owner_only(served: tuple[Shell, dict[str, str]]) -> None:
    log = served[0].folder / "facts.jsonl"
    assert "hunter2" not in log.read_text()
    assert "hello" not in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def test_yesterdays_traffic_is_replayed_through_new_rules(served: tuple[Shell, dict[str, str]]) -> None:
    shell, ids = served
    rules = (shell.folder / "wye.toml").read_text()
    shell.write("new.toml", rules.replace('use = ["cloud", "local"]', 'use = ["local"]'))
    done = shell.wye("diff", "wye.toml", "new.toml", "--traffic", "facts.jsonl")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "wye.toml → new.toml, 3 requests",
        "       1   33.3%  stay as they are",
        "       1   33.3%  go elsewhere:",
        f"       1   33.3%    cloud:gpt-4o, then local:llama3 → local:llama3   e.g. {ids['big']}",
        "       1   33.3%  cannot tell (1):",
        f"       1   33.3%    the facts of labelled requests are not recorded   e.g. {ids['secret']}",
    ]


def test_a_log_that_was_cut_off_still_serves(served: tuple[Shell, dict[str, str]]) -> None:
    shell, ids = served
    shell.write("cut.jsonl", (shell.folder / "facts.jsonl").read_text()[:-10])
    data = json.loads(shell.wye("diff", "wye.toml", "wye.toml", "--traffic", "cut.jsonl", "--json").stdout)
    assert (data["requests"], data["unreadable"]) == (len(ids) - 1, 1)
    assert shell.wye("diff", "wye.toml", "wye.toml", "--traffic", "none.jsonl").returncode == 1
    assert shell.wye("diff", "wye.toml", "wye.toml").returncode == 2
