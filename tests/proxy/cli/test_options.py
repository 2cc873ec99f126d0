import click
import pytest
from click.testing import CliRunner

from proxy.cli.options import timeout_option


@click.command()
@timeout_option("5s")
def waits(timeout_s: float) -> None:
    click.echo(timeout_s)


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        ([], "5.0\n"),
        (["--timeout", "250ms"], "0.25\n"),
        (["--timeout", "3"], "3.0\n"),
        (["--timeout", "2m"], "120.0\n"),
    ],
)
def test_a_timeout_is_a_duration_in_seconds(arguments: list[str], printed: str) -> None:
    assert CliRunner().invoke(waits, arguments).output == printed


@pytest.mark.parametrize("text", ["soon", "0", "-1s", ""])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    result = CliRunner().invoke(waits, ["--timeout", text])
    assert result.exit_code == 2
    assert 'a duration such as "500ms"' in result.output
