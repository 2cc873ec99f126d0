from pathlib import Path

import pytest

from proxy.config.environment import arguments, named_file, overrides
from proxy.config.schema import Config, Log, Server
from routing_rules import RuleError


def test_variables_win_over_the_file() -> None:
    config = Config(server=Server(port=1, workers=3), log=Log(level="debug"))
    changed = overrides(config, {"WYE_HOST": "::1", "WYE_PORT": "9000", "WYE_LOG_LEVEL": "ERROR", "PORT": "1"})
    assert changed.server == Server(host="::1", port=9000, workers=3)
    assert changed.log == Log(level="error")


@pytest.mark.parametrize("environ", [{}, {"WYE_HOST": "", "WYE_PORT": " ", "WYE_LOG_LEVEL": ""}])
def test_variables_that_are_empty_change_nothing(environ: dict[str, str]) -> None:
    config = Config(server=Server(port=1))
    assert overrides(config, environ) == config


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("WYE_PORT", "80x", "0 to 65535"),
        ("WYE_PORT", "-1", "0 to 65535"),
        ("WYE_PORT", "65536", "0 to 65535"),
        ("WYE_PORT", "८०", "0 to 65535"),
        ("WYE_LOG_LEVEL", "warn", "did you mean 'warning'?"),
        ("WYE_HOST", "0.0.0.0", "needs [server] open = true"),
        ("WYE_HOST", "[::1]", "without brackets"),
    ],
)
def test_a_bad_value_names_its_variable(name: str, value: str, expected: str) -> None:
    with pytest.raises(RuleError) as raised:
        overrides(Config(), {name: value})
    (problem,) = raised.value.problems
    assert str(problem).startswith(f"environment: found {name}='{value}'")
    assert expected in str(problem)


def test_all_bad_values_are_reported_at_once() -> None:
    with pytest.raises(RuleError) as raised:
        overrides(Config(), {"WYE_HOST": "::", "WYE_PORT": "x", "WYE_LOG_LEVEL": "x"})
    assert len(raised.value.problems) == 3


def test_an_open_server_may_be_moved_anywhere() -> None:
    assert overrides(Config(server=Server(open=True)), {"WYE_HOST": "0.0.0.0"}).server.host == "0.0.0.0"


def test_the_command_line_wins_over_all() -> None:
    config = overrides(Config(), {"WYE_PORT": "9000"})
    assert arguments(config, port=0, workers=2).server == Server(port=0, workers=2)
    assert arguments(config) == config


@pytest.mark.parametrize(("host", "port", "workers"), [("0.0.0.0", None, None), (None, 70000, None), (None, None, 0)])
def test_a_bad_argument_is_said_to_come_from_the_command_line(
    host: str | None, port: int | None, workers: int | None
) -> None:
    with pytest.raises(RuleError, match="command line: "):
        arguments(Config(), host=host, port=port, workers=workers)


@pytest.mark.parametrize(
    ("environ", "file"), [({}, None), ({"WYE_CONFIG": " "}, None), ({"WYE_CONFIG": "a"}, Path("a"))]
)
def test_a_file_may_be_named(environ: dict[str, str], file: Path | None) -> None:
    assert named_file(environ) == file
