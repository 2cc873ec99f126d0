import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from proxy.cli.check import check

GOOD = """\
[target.local]
kind = "ollama"
url = "http://localhost:11434/v1"
[[label]]
add = "private"
[[rule]]
name = "all"
use = ["local"]
"""
BAD = GOOD.replace("ollama", "olama").replace('["local"]', '["locl"]')


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(check, arguments, env={"WYE_CONFIG": "", **environ})


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.toml").write_text(GOOD)
    Path("bad.toml").write_text(BAD)


@pytest.mark.parametrize(
    "arguments", [("good.toml",), ("--config", "good.toml"), ("good.toml", "--config", "good.toml")]
)
def test_a_good_file_is_counted(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.output) == (0, "good.toml: ok (1 rule, 1 target, 1 label)\n")


def test_a_bad_file_has_every_problem_printed() -> None:
    result = run("bad.toml")
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[0].startswith("bad.toml:2: [target.local] kind: found")
    assert lines[1].startswith("bad.toml:8: [[rule]] 1, use: found")
    assert lines[2:] == ["bad.toml: 2 problems"]


def test_programs_read_the_same() -> None:
    good, bad = (json.loads(run(file, "--json").output) for file in ("good.toml", "bad.toml"))
    assert good == {
        "file": "good.toml",
        "ok": True,
        "rules": 1,
        "targets": 1,
        "labels": 1,
        "problems": [],
        "warnings": [],
    }
    assert bad["ok"] is False
    assert [(problem["where"], problem["line"]) for problem in bad["problems"]] == [
        ("[target.local] kind", 2),
        ("[[rule]] 1, use", 8),
    ]
    assert run("bad.toml", "--json").exit_code == 1


def test_without_a_name_the_file_in_force_is_checked() -> None:
    assert run(WYE_CONFIG="good.toml").exit_code == 0
    Path("good.toml").rename("config.toml")
    assert run().output.startswith("config.toml: ok")


def test_without_any_file_it_says_how_to_get_one() -> None:
    result = run()
    assert result.exit_code == 1
    assert "wye init" in result.output


def test_a_file_that_is_not_there_is_a_problem_like_any_other() -> None:
    result = run("none.toml")
    assert result.exit_code == 1
    assert result.output.startswith("none.toml: found no such file")


def test_two_different_names_are_refused() -> None:
    assert run("good.toml", "--config", "bad.toml").exit_code == 2


def test_warnings_are_told_with_their_place_and_keep_nothing_back() -> None:
    Path("odd.toml").write_text(GOOD + '[alias]\nfast = "locl:x"\n')
    result, data = run("odd.toml"), json.loads(run("odd.toml", "--json").output)
    assert result.exit_code == 0
    first, last = result.output.splitlines()
    assert first.startswith("odd.toml:10: [alias] fast: found the model 'locl:x'")
    assert "did you mean 'local'?" in first
    assert last.endswith("; 1 warning")
    assert (data["ok"], data["problems"], data["warnings"][0]["line"]) == (True, [], 10)


RED = '[[test]]\nname = "red"\nexpect = { status = 500 }\n'


def test_a_file_that_its_own_tests_or_the_proof_keep_from_serving_is_no_good_file() -> None:
    out = '[target.out]\nkind = "openai"\nurl = "https://8.8.8.8/v1"\naccepts = ["*"]\n'
    Path("team.toml").write_text(RED)
    Path("wye.toml").write_text('server.include = ["team.toml"]\n' + GOOD + out)
    result = run("wye.toml")
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[0].startswith("team.toml:3: [[test]] 1, expect.status: found 403 in the test 'red'; expected 500")
    assert lines[1].startswith("wye.toml:13: [target.out] accepts: found the label 'private'")
    assert lines[2:] == ["wye.toml: 2 problems"]
    data = json.loads(run("wye.toml", "--json").output)
    assert (data["ok"], [one["line"] for one in data["problems"]]) == (False, [3, 13])
