import tomllib
from pathlib import Path

import pytest

from proxy.config.sources import Joined, Source
from routing_rules import Path as KeyPath
from routing_rules import Problem

TEAM = """\
[[rule]]
name = "team"
use = ["gpu"]
[[label]]
add = "legal"
[target.gpu]
kind = "compatible"
url = "http://gpu/v1"
[alias]
fast = "gpu:x"
"""
MAIN = """\
[target.local]
kind = "ollama"
url = "http://localhost/v1"
[alias]
fast = "local:x"
[[rule]]
name = "first"
use = ["local"]
[[rule]]
nam = "last"
use = ["local"]
"""


def source(name: str, text: str) -> Source:
    return Source(Path(name), text, tomllib.loads(text))


JOINED = Joined([source("team.toml", TEAM), source("main.toml", MAIN)])


def test_included_labels_and_rules_come_first_and_the_main_file_last() -> None:
    assert [rule.name for rule in JOINED.config.rule] == ["team", "first", "last"]
    assert [label.add for label in JOINED.config.label] == ["legal"]
    assert list(JOINED.config.target) == ["gpu", "local"]


def test_a_name_in_two_files_is_refused_and_both_places_are_named() -> None:
    (problem,) = JOINED.twice()
    assert str(problem).startswith("main.toml:5: [alias] fast: found 'fast' again")
    assert "team.toml:10" in problem.expected


@pytest.mark.parametrize(
    ("path", "file", "line", "own"),
    [
        (("rule", 0, "use"), "team.toml", 3, ("rule", 0, "use")),
        (("rule", 1, "use"), "main.toml", 8, ("rule", 0, "use")),
        (("rule", 2), "main.toml", 9, ("rule", 1)),
        (("rule",), "main.toml", 6, ("rule",)),
        (("label", 0, "add"), "team.toml", 5, ("label", 0, "add")),
        (("target", "gpu", "url"), "team.toml", 8, ("target", "gpu", "url")),
        (("target", "local"), "main.toml", 1, ("target", "local")),
        (("server", "port"), "main.toml", 0, ("server", "port")),
        ((), "main.toml", 0, ()),
    ],
)
def test_a_problem_of_the_whole_is_sent_to_the_file_it_is_in(path: KeyPath, file: str, line: int, own: KeyPath) -> None:
    (problem,) = JOINED.homes([Problem(path=path, found="x", expected="y")])
    assert (problem.file, problem.line, problem.path) == (file, line, own)


def test_what_only_follows_from_another_problem_is_left_out() -> None:
    broken = source("main.toml", MAIN.replace('use = ["local"]', "use = 5"))
    joined = Joined([source("team.toml", TEAM), broken])
    follows = Problem(path=("rule", 1, "use"), found="x", expected="y")
    assert joined.homes([follows]) == []
    assert [problem.line for problem in broken.problems] == [8, 10, 11]


def test_one_problem_is_sent_home_whatever_else_is_wrong_there() -> None:
    placed = JOINED.home(Problem(path=("rule", 2, "use"), found="", expected=""))
    assert (placed.file, placed.line, placed.path) == ("main.toml", 11, ("rule", 1, "use"))
