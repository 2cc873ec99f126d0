import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from proxy.cli.doctor import doctor
from proxy.doctor.ask import Answer
from tests.fakes.asked import STREAM, FakeAsk, listing

FILE = """\
[target.local]
kind = "ollama"
url = "http://localhost:11434/v1"
[target.cloud]
kind = "openai"
url = "https://api.openai.com/v1"
key = "env:OPENAI_API_KEY"
[[rule]]
name = "all"
use = ["local"]
"""
GOOD = {"models": listing("llama3.2:latest"), "completions": STREAM}


def run(*arguments: str, answers: dict[str, Answer] | None = None, key: str = "") -> Result:
    env = {"OPENAI_API_KEY": key, "OLLAMA_HOST": "", "WYE_CONFIG": ""}
    return CliRunner().invoke(doctor, arguments, env=env, obj=FakeAsk(answers))


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_when_every_target_can_be_used_it_succeeds() -> None:
    Path("config.toml").write_text(FILE)
    result = run(answers=GOOD, key="hunter2")
    assert result.exit_code == 0
    assert result.output.count("can be used") == 2
    assert "hunter2" not in result.output


def test_when_one_cannot_it_fails_and_says_what_to_mend() -> None:
    Path("other.toml").write_text(FILE)
    result = run("--config", "other.toml", answers=GOOD)
    assert result.exit_code == 1
    assert "set OPENAI_API_KEY in the environment of wye" in result.output


def test_programs_read_the_same() -> None:
    Path("config.toml").write_text(FILE)
    result = run("--json", answers=GOOD)
    data = json.loads(result.output)
    assert (data["file"], data["ok"], result.exit_code) == ("config.toml", False, 1)
    assert [(target["target"], target["usable"]) for target in data["targets"]] == [("local", True), ("cloud", False)]


def test_without_a_file_it_examines_what_the_environment_offers() -> None:
    result = run(answers=GOOD)
    assert result.exit_code == 0
    assert "No configuration file" in result.output


def test_with_nothing_to_examine_it_says_what_to_set() -> None:
    result = run()
    assert result.exit_code == 1
    assert "OPENAI_API_KEY" in result.output


def test_a_broken_file_has_its_problems_printed() -> None:
    Path("config.toml").write_text(FILE.replace('"ollama"', '"olama"'))
    result = run("--json")
    assert result.exit_code == 1
    assert json.loads(result.output)["problems"][0]["nearest"] == "ollama"


def test_the_limit_is_a_duration() -> None:
    assert run("--timeout", "soon").exit_code == 2
