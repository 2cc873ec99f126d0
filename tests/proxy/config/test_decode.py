from typing import Any

import pytest

from proxy.config.decode import Decoder
from proxy.config.schema import Config
from routing_rules import Path, Problem, Timeouts
from routing_rules.units import Bytes, Seconds

RULE = {"name": "all", "use": ["local"]}
TARGET = {"kind": "ollama", "url": "http://localhost:11434/v1"}


def decoded(raw: dict[str, Any]) -> tuple[Config, list[Problem]]:
    decoder = Decoder()
    return decoder.table(Config, raw), decoder.problems


def only_problem(raw: dict[str, Any]) -> Problem:
    _, problems = decoded(raw)
    assert len(problems) == 1
    return problems[0]


def test_tables_become_structs_and_the_rest_keeps_its_defaults() -> None:
    config, problems = decoded(
        {
            "server": {"port": 9000, "max_body": "1 MB"},
            "target": {"local": {**TARGET, "timeouts": {"connect": "250ms"}, "accepts": ["*"], "models": ["a*"]}},
            "rule": [{"name": "all", "use": ["local"], "set": {"temperature": 0}}],
        }
    )
    assert problems == []
    assert (config.server.port, config.server.max_body) == (9000, Bytes(1_000_000))
    assert config.target["local"].timeouts == Timeouts(connect=Seconds(0.25))
    assert (config.target["local"].accepts, config.target["local"].models) == (("*",), ("a*",))
    assert config.rule[0].set == {"temperature": 0}


@pytest.mark.parametrize(
    ("raw", "path", "found", "expected"),
    [
        ({"server": {"port": "80"}}, ("server", "port"), '"80"', "a whole number"),
        ({"server": {"open": "yes"}}, ("server", "open"), '"yes"', "true or false"),
        ({"server": {"grace": "soon"}}, ("server", "grace"), '"soon"', "a duration such as"),
        ({"server": {"grace": 0}}, ("server", "grace"), "0", "a duration such as"),
        ({"server": {"grace": float("inf")}}, ("server", "grace"), "inf", "a duration such as"),
        ({"server": {"max_body": float("inf")}}, ("server", "max_body"), "inf", "a size such as"),
        ({"server": 5}, ("server",), "a whole number", "a table"),
        ({"rule": {"name": "x"}}, ("rule",), '{ name = "x" }', "each under [[rule]]"),
        ({"rule": [5]}, ("rule", 0), "a whole number", "each under [[rule]]"),
        ({"target": []}, ("target",), "[]", "[target.local]"),
        ({"fact": {"a": "b"}}, ("fact", "a"), '"b"', "a table"),
        ({"rule": [{**RULE, "weights": {"local": "x"}}]}, ("rule", 0, "weights", "local"), '"x"', "a number"),
        ({"rule": [{**RULE, "when": [5]}]}, ("rule", 0, "when"), "[5]", "a list of strings"),
        (
            {"test": [{"name": "x", "given": {"status": 5}}]},
            ("test", 0, "given", "status"),
            "the unknown key `status`",
            "",
        ),
        ({"server": {"hash_key": ["hunter2"]}}, ("server", "hash_key"), "a list", "a string"),
        ({"alias": {"a": 1}}, ("alias", "a"), "1", "a string"),
        ({"boundary": {"private": "10.0.0.0/8"}}, ("boundary", "private"), '"10.0.0.0/8"', "a list of strings"),
        ({"target": {"a": {**TARGET, "queue": {"size": "5"}}}}, ("target", "a", "queue", "size"), '"5"', "a whole"),
        ({"target": {"a": {**TARGET, "models": 5}}}, ("target", "a", "models"), "5", "a list of strings or a table"),
    ],
)
def test_a_wrong_value_says_where_it_is_what_it_is_and_what_was_expected(
    raw: dict[str, Any], path: Path, found: str, expected: str
) -> None:
    problem = only_problem(raw)
    assert (problem.path, problem.found) == (path, found)
    assert expected in problem.expected


def test_a_wrong_choice_comes_with_the_nearest_one() -> None:
    problem = only_problem({"log": {"level": "warn"}})
    assert (problem.expected, problem.nearest) == ("one of debug, info, warning, error", "warning")


def test_a_missing_key_is_named() -> None:
    problem = only_problem({"target": {"local": {"kind": "ollama"}}})
    assert problem.path == ("target", "local")
    assert problem.found == "no key `url`"
    assert "`url`: the key is missing (a string)" in problem.expected


def test_a_misspelt_key_is_refused_and_still_read_so_that_it_hides_nothing_behind_it() -> None:
    decoder = Decoder()
    config = decoder.table(Config, {"targets": {"local": {**TARGET, "timeouts": {"conect": "0s"}}}})
    assert [problem.nearest for problem in decoder.problems] == ["target", "connect", None]
    assert list(config.target) == ["local"]
    written = decoder.as_written(("target", "local", "timeouts", "connect"))
    assert written == ("targets", "local", "timeouts", "conect")


def test_an_unknown_key_lists_those_that_there_are() -> None:
    problem = only_problem({"log": {"zzz": 1}})
    assert (problem.found, problem.expected, problem.nearest) == ("the unknown key `zzz`", "one of level, format", None)


@pytest.mark.parametrize(
    "target",
    [
        {**TARGET, "key": ["hunter2"]},
        {**TARGET, "headers": {"x": ["hunter2"]}},
        {**TARGET, "headers": "hunter2"},
        {**TARGET, "query": {"sig": ["hunter2"]}},
        {**TARGET, "kye": "hunter2", "key": "env:A"},
        {**TARGET, "url": {"hunter2": "hunter2"}},
        "hunter2",
    ],
)
def test_no_problem_repeats_a_secret(target: object) -> None:
    assert "hunter2" not in str(only_problem({"target": {"cloud": target}}))


def test_a_secret_one_level_too_high_is_not_repeated_either() -> None:
    _, problems = decoded({"target": {"key": "hunter2"}})
    assert [problem.expected for problem in problems] == ["a table with a name, as in [target.local]"]
    assert "hunter2" not in str(problems)


def test_every_problem_in_every_table_is_found_at_once() -> None:
    _, problems = decoded(
        {
            "server": {"port": "x", "worker": 2},
            "target": {"a": {"kind": "openay", "url": 5}, "b": {"timeouts": {"idle": "1 y"}}},
            "label": [{"add": 5}],
            "rule": [{"name": 1, "use": "local"}, {"when": 5}],
        }
    )
    assert len(problems) == 13


def test_a_name_whose_value_is_wrong_is_still_a_name() -> None:
    config, _ = decoded({"fact": {"a": 5}, "alias": {"b": 5}, "rule": [{**RULE, "weights": {"local": "x"}}]})
    assert (list(config.fact), list(config.alias), list(config.rule[0].weights)) == (["a"], [], ["local"])


def test_what_is_a_stand_in_is_known_as_one() -> None:
    decoder = Decoder()
    decoder.table(Config, {"target": {"a": {"kind": "ollama", "url": 5}}, "rule": [{"name": "x"}]})
    assert decoder.blames(("target", "a", "url"))
    assert decoder.blames(("rule", 0, "use"))
    assert not decoder.blames(("target", "a", "kind"))
