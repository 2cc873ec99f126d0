from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proxy.config.schema import Config
from proxy.config.secrets import ProxyConfigError
from proxy.reload.loaded import Given, complete, files_of, read, reasons, verified
from routing_rules import Problem, Rule, RuleError
from tests.fakes.rule_files import target

FILE = Path("wye.toml")


def config(**keys: str) -> Config:
    """Make a configuration with a target for each key."""
    targets = {name: target(key=key) for name, key in keys.items()} or {"up": target()}
    return Config(target=targets, rule=(Rule(name="all", use=tuple(targets)),))


def test_a_configuration_that_passes_has_its_secrets() -> None:
    loaded = complete(config(a="env:A", b="env:B"), "wye.toml", {"A": "sk-a", "B": "sk-b"})
    assert loaded.keys == {"a": "sk-a", "b": "sk-b"}


def test_every_secret_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(ProxyConfigError) as raised:
        complete(config(a="env:A", b="env:B", c="env:C"), "wye.toml", {"B": "sk-b"})
    assert [line.split(":")[0:2] for line in str(raised.value).splitlines()] == [
        ["wye.toml", " [target.a] key"],
        ["wye.toml", " [target.c] key"],
    ]


def test_every_validator_is_asked_and_every_problem_named_with_its_file() -> None:
    def first(_: Config) -> list[Problem]:
        return [Problem(path=(), found="one", expected="none")]

    def second(_: Config) -> list[Problem]:
        return [Problem(path=(), found="two", expected="none", file="more.toml")]

    with pytest.raises(RuleError) as raised:
        complete(config(), "wye.toml", {}, (first, second))
    assert [(problem.file, problem.found) for problem in raised.value.problems] == [
        ("wye.toml", "one"),
        ("more.toml", "two"),
    ]


def test_what_a_test_or_a_proof_finds_is_named_with_its_file_and_line_wherever_it_stands(tmp_path: Path) -> None:
    team = tmp_path / "team.toml"
    team.write_text(
        '[target.out]\nkind = "openai"\nurl = "https://8.8.8.8/v1"\naccepts = ["private"]\n'
        '[[test]]\nname = "team"\nexpect = { status = 500 }\n',
        encoding="utf-8",
    )
    main = tmp_path / "wye.toml"
    main.write_text(
        'server.include = ["team.toml"]\n[target.up]\nkind = "compatible"\nurl = "http://localhost:1/v1"\nmodel = "m"\n'
        '[[rule]]\nname = "all"\nuse = ["up", "out"]\n[[test]]\nname = "main"\n[test.expect]\nbody = { model = "x" }\n',
        encoding="utf-8",
    )
    found = read(main, Given(), {})
    with pytest.raises(RuleError) as raised:
        complete(found.config, str(main), {}, home=found.home)
    places = [(problem.file, problem.line, problem.path) for problem in raised.value.problems]
    assert places == [
        (str(team), 7, ("test", 0, "expect", "status")),
        (str(main), 12, ("test", 0, "expect", "body", "model")),
        (str(team), 4, ("target", "out", "accepts")),
    ]
    assert reasons(raised.value)[0].startswith(f"{team}:7: [[test]] 1, expect.status: found 200 in the test 'team'")


def test_rules_that_do_not_hold_do_not_pass() -> None:
    assert verified(config()) == []
    assert verified(Config())
    with pytest.raises(RuleError):
        complete(Config(), "wye.toml", {})


def test_a_file_is_made_of_itself_and_the_files_of_its_secrets() -> None:
    assert files_of(FILE, config(a="file:/run/a", b="env:B", c="file:/run/a")) == (FILE, Path("/run/a"))
    assert files_of(FILE, config()) == (FILE,)


@pytest.mark.parametrize(("given", "port"), [(Given(), 3), (Given(port=0), 0)])
def test_the_command_line_wins_over_the_environment_and_that_over_the_file(
    tmp_path: Path, given: Given, port: int
) -> None:
    file = tmp_path / "wye.toml"
    file.write_text(
        '[server]\nport = 1\n[target.up]\nkind = "openai"\nurl = "http://localhost:1/v1"\n'
        '[[rule]]\nname = "all"\nuse = ["up"]\n',
        encoding="utf-8",
    )
    assert read(file, given, {"WYE_PORT": "3"}).config.server.port == port


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuleError([Problem(path=(), found="a", expected="b", file="f", line=2)]), ("f:2: found a; expected b",)),
        (ProxyConfigError("a\nb"), ("a", "b")),
        (KeyError("sk-secret"), ("a fault of wye's own (KeyError); the rules could not be put in force",)),
    ],
)
def test_reasons_are_sentences_and_a_fault_of_ours_repeats_no_value(error: Any, said: tuple[str, ...]) -> None:
    assert reasons(error) == said
