import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from proxy.cli.init import init
from proxy.config.load import read_config
from proxy.doctor.ask import Answer
from tests.fakes.asked import FakeAsk, listing

KEY = {"OPENAI_API_KEY": "hunter2"}
OLLAMA = {"models": listing("nomic-embed-text:latest", "llama3.2:latest")}
FILE = Path("config.toml")


def run(*arguments: str, answers: dict[str, Answer] | None = None, **environ: str) -> Result:
    env = {"OPENAI_API_KEY": "", "OLLAMA_HOST": "", **environ}
    return CliRunner().invoke(init, arguments, env=env, obj=FakeAsk(answers))


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("answers", "environ", "rules"), [(OLLAMA, KEY, 5), (OLLAMA, {}, 1), ({}, KEY, 1), ({}, {}, 5)]
)
def test_it_writes_a_file_that_loads(answers: dict[str, Answer], environ: dict[str, str], rules: int) -> None:
    result = run(answers=answers, **environ)
    assert result.exit_code == 0
    assert len(read_config(FILE).config.rule) == rules
    assert "hunter2" not in FILE.read_text() + result.output
    assert "Wrote config.toml" in result.output


def test_the_first_model_that_can_chat_becomes_the_targets_own() -> None:
    run(answers=OLLAMA)
    assert read_config(FILE).config.target["local"].model == "llama3.2:latest"


@pytest.mark.parametrize(("host", "accepts"), [("", ("*",)), ("10.0.0.5", ("*",)), ("ollama.example.com", ())])
def test_an_ollama_that_is_not_surely_near_accepts_no_label(host: str, accepts: tuple[str, ...]) -> None:
    run(answers=OLLAMA, OLLAMA_HOST=host)
    assert read_config(FILE).config.target["local"].accepts == accepts


def test_a_file_that_is_there_is_kept_unless_forced() -> None:
    FILE.write_text("mine")
    refused = run()
    assert (refused.exit_code, FILE.read_text()) == (1, "mine")
    assert "--force" in refused.output
    assert run("--force").exit_code == 0
    assert FILE.read_text() != "mine"


def test_another_name_may_be_given_and_programs_read_what_was_found() -> None:
    result = run("--config", "other.toml", "--json", answers=OLLAMA, **KEY)
    assert json.loads(result.output) == {
        "file": "other.toml",
        "written": True,
        "found": {
            "openai_key": True,
            "ollama": {
                "url": "http://127.0.0.1:11434/v1",
                "models": ["nomic-embed-text:latest", "llama3.2:latest"],
            },
        },
    }
    assert Path("other.toml").exists()


def test_a_folder_that_is_not_there_is_one_clear_sentence() -> None:
    result = run("--config", "nowhere/config.toml")
    assert result.exit_code == 1
    assert "nowhere/config.toml cannot be written (No such file or directory)" in result.output


def test_an_address_that_no_target_can_have_writes_nothing() -> None:
    result = run(OLLAMA_HOST="ftp://somewhere")
    assert result.exit_code == 1
    assert "OLLAMA_HOST" in result.output
    assert not FILE.exists()
