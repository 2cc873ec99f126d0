from __future__ import annotations

import pytest

from routing_rules import Path, Problem, RuleError
from routing_rules.errors import spell

WRONG = Problem(path=("server", "prot"), found="a key", expected="a known one")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), ""),
        (("target",), "[target]"),
        (("target", "local"), "[target.local]"),
        (("target", "local", "timeouts", "connect"), "[target.local] timeouts.connect"),
        (("server", "port"), "[server] port"),
        (("alias", "fast"), "[alias] fast"),
        (("rule",), "[rule]"),
        (("rule", 1), "[[rule]] 2"),
        (("rule", 1, "when", "model"), "[[rule]] 2, when.model"),
        (("label", 0, "add"), "[[label]] 1, add"),
        (("rule", 0, "use", 2), "[[rule]] 1, use.2"),
    ],
)
def test_a_path_is_written_as_a_person_would_point_at_it(path: Path, expected: str) -> None:
    assert spell(path) == expected


@pytest.mark.parametrize(
    ("file", "line", "nearest", "expected"),
    [
        ("", 0, None, "[server] prot: found a key; expected a known one"),
        ("wye.toml", 0, None, "wye.toml: [server] prot: found a key; expected a known one"),
        ("wye.toml", 3, None, "wye.toml:3: [server] prot: found a key; expected a known one"),
        ("", 0, "port", "[server] prot: found a key; expected a known one; did you mean 'port'?"),
    ],
)
def test_a_problem_reads_as_one_line(file: str, line: int, nearest: str | None, expected: str) -> None:
    problem = Problem(path=WRONG.path, found="a key", expected="a known one", file=file, line=line, nearest=nearest)
    assert str(problem) == expected


def test_a_problem_of_the_whole_file_names_no_place_in_it() -> None:
    assert str(Problem(path=(), found="no text", expected="a file")) == "found no text; expected a file"


def test_an_error_tells_all_problems_and_not_the_first() -> None:
    error = RuleError([WRONG, Problem(path=("rule",), found="none", expected="one")])
    assert str(error).splitlines() == [str(problem) for problem in error.problems]
    assert len(error.problems) == 2
