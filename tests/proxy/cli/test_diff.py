import json
from pathlib import Path

import pytest

from routing_rules.diff import SAMPLES
from tests.fakes.command_files import run, write

pytestmark = pytest.mark.usefixtures("folder")
OLD = """\
[target.local]
kind = "ollama"
url = "http://127.0.0.1:11434/v1"
accepts = ["*"]
model = "llama3.2"
[target.cloud]
kind = "openai"
url = "https://api.openai.com/v1"
model = "gpt-4o-mini"
models = ["gpt-*"]
[[rule]]
name = "big"
when = { model = "gpt-4*" }
use = ["cloud"]
[[rule]]
name = "rest"
use = ["local"]
"""
NEW = OLD.replace('name = "big"\nwhen = { model = "gpt-4*" }', 'name = "few"\nwhen = { model = "gpt-4o" }')


def line(id_: str, model: str = "gpt-4o", **more: object) -> str:
    return json.dumps({"id": id_, "facts": {"model": model}, **more}) + "\n"


def diff(log: str, *arguments: str, new: str = NEW) -> str:
    write("old.toml", OLD)
    write("new.toml", new)
    write("log.jsonl", log)
    result = run("diff", "old.toml", "new.toml", "--traffic", "log.jsonl", *arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_it_says_how_many_move_from_where_to_where_with_shares_and_ids() -> None:
    log = line("a", "gpt-4.1") + line("b", "gpt-4.1") + line("c", "x") + line("d", "gpt-4.1-mini")
    assert diff(log).splitlines() == [
        "old.toml → new.toml, 4 requests",
        "       1   25.0%  stay as they are",
        "       3   75.0%  go elsewhere:",
        "       2   50.0%    cloud:gpt-4.1 → local:llama3.2   e.g. a, b",
        "       1   25.0%    cloud:gpt-4.1-mini → local:llama3.2   e.g. d",
        "       3   75.0%  are decided by another rule:",
        "       3   75.0%    big → rest   e.g. a, b, d",
    ]


def test_the_biggest_move_comes_first() -> None:
    log = line("a", "gpt-4.1-mini") + line("b", "gpt-4.1") + line("c", "gpt-4.1")
    moves = [row for row in diff(log).splitlines() if "→ local" in row]
    assert [row.split()[0] for row in moves] == ["2", "1"]


def test_what_the_log_does_not_hold_cannot_be_told_and_is_not_guessed() -> None:
    new = NEW.replace('when = { model = "gpt-4o" }', "when = { turns = 3 }")
    log = line("a") + json.dumps({"id": "b", "labels": ["private"], "target": "local:x"}) + "\n"
    assert diff(log, new=new).splitlines()[1:] == [
        "       0    0.0%  stay as they are",
        "       2  100.0%  cannot tell (2):",
        "       1   50.0%    the log does not hold turns   e.g. a",
        "       1   50.0%    the facts of labelled requests are not recorded   e.g. b",
    ]


def test_labels_that_change_are_told() -> None:
    new = OLD + '[[label]]\nadd = "private"\nwhen = { model = "x" }\n'
    assert "       1  100.0%    no label → private   e.g. a" in diff(line("a", "x"), new=new)


def test_a_half_written_last_line_is_counted_and_left_out() -> None:
    output = diff(line("a") + line("b")[:20])
    assert "1 request\n" in output
    assert output.endswith("1 line of the log cannot be read and left out\n")


def test_an_empty_log_says_so() -> None:
    assert diff("") == "old.toml → new.toml: no request in the log\n"


def test_programs_read_the_same_with_a_few_ids_of_many() -> None:
    data = json.loads(diff("".join(line(f"r{at}", "gpt-4.1") for at in range(50)) + "{", "--json"))
    assert (data["old"], data["new"], data["ok"]) == ("old.toml", "new.toml", True)
    assert (data["requests"], data["unchanged"], data["unreadable"]) == (50, 0, 1)
    (moved,) = data["moved"]
    assert (moved["before"], moved["after"], moved["count"]) == ("cloud:gpt-4.1", "local:llama3.2", 50)
    assert moved["samples"] == [f"r{at}" for at in range(SAMPLES)]
    assert (data["relabelled"], data["untold"]) == ([], [])


@pytest.mark.parametrize(
    ("log", "sentence"),
    [("none.jsonl", "none.jsonl cannot be read (No such file"), (".", "cannot be read"), ("old.toml", "no facts log")],
)
def test_a_log_that_is_none_is_one_clear_sentence(log: str, sentence: str) -> None:
    write("old.toml", OLD)
    result = run("diff", "old.toml", "old.toml", "--traffic", log)
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert sentence in result.output


def test_a_file_that_does_not_load_has_its_problems_printed() -> None:
    write("old.toml", OLD)
    write("new.toml", OLD.replace('use = ["local"]', 'use = ["locl"]'))
    Path("log.jsonl").touch()
    result = run("diff", "old.toml", "new.toml", "--traffic", "log.jsonl")
    assert result.exit_code == 1
    assert result.output.startswith("new.toml:")
    assert run("diff", "old.toml", "new.toml").exit_code == 2
