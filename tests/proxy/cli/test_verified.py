import pytest

from tests.fakes.command_files import GREEN, RULES, run, write

COMMANDS = ("test", "prove", "explain")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", COMMANDS)
def test_the_file_is_the_argument_or_the_option(command: str) -> None:
    write("a.toml", RULES + GREEN)
    assert run(command, "a.toml").exit_code == 0
    assert run(command, "--config", "a.toml").output == run(command, "a.toml").output
    assert run(command, "a.toml", "--config", "a.toml").exit_code == 0
    assert run(command, "a.toml", "--config", "b.toml").exit_code == 2


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_file_it_says_how_to_get_one(command: str) -> None:
    result = run(command)
    assert result.exit_code == 1
    assert "wye init" in result.output


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("flag", [(), ("--json",)])
def test_a_file_that_does_not_load_ends_it_with_every_problem(command: str, flag: tuple[str, ...]) -> None:
    write("a.toml", RULES.replace('kind = "ollama"', 'kind = "olama"').replace('use = ["local"]', 'use = ["locl"]'))
    result = run(command, "a.toml", *flag)
    assert result.exit_code == 1
    assert "ollama" in result.output
    assert "locl" in result.output
    assert "Traceback" not in result.output
