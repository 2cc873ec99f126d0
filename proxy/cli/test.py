"""`wye test`: run the `[[test]]` tables of a file against its rules; nothing is sent."""

from __future__ import annotations

import tomllib
from pathlib import Path

import click
import msgspec

from proxy.cli.options import config_option, json_option
from proxy.cli.printing import count, print_json
from proxy.cli.verified import file_argument, loaded, named_file
from proxy.pipeline.verify import tested
from routing_rules.locate import Locator
from routing_rules.trials import Mismatch, TrialResult


class Places:
    """The lines of a file's tests. A test that another file brought has none: such tests come before its own."""

    def __init__(self, path: Path, tests: int) -> None:
        """Look the lines up; `tests` is how many there are, with those of other files."""
        text = path.read_bytes().decode("utf-8-sig")
        self._brought = tests - len(tomllib.loads(text).get("test", ()))
        self._locator = Locator(text)

    def line(self, result: TrialResult, wrong: Mismatch | None = None) -> int:
        """Return the line of a test, or of what it expects; 0 where it is not in this file."""
        at = result.at - self._brought
        keys = ("expect", *wrong.key.split(".", 1)) if wrong else ()
        return self._locator.line(("test", at, *keys)) if at >= 0 else 0


@click.command()
@file_argument
@config_option
@json_option
@click.pass_context
def test(context: click.Context, file: Path | None, config: Path | None, as_json: bool) -> None:
    """Run a file's own tests against its rules; exit 1 if one is red."""
    path = named_file(context, file, config)
    results = tested(loaded(context, path, as_json=as_json))
    places = Places(path, len(results))
    green = not any(result.mismatches for result in results)
    if as_json:
        print_json({"file": str(path), "ok": green, "tests": [_data(result, places) for result in results]})
    else:
        _print(path, results, places)
    context.exit(0 if green else 1)


def _data(result: TrialResult, places: Places) -> dict[str, object]:
    wrong = [{**msgspec.to_builtins(one), "line": places.line(result, one)} for one in result.mismatches]
    return {"name": result.name, "line": places.line(result), "ok": not wrong, "mismatches": wrong}


def _print(path: Path, results: list[TrialResult], places: Places) -> None:
    for result in results:
        colour = "red" if result.mismatches else "green"
        click.secho(f"{colour:<5}  {result.name}", fg=colour)
        for wrong in result.mismatches:
            line = places.line(result, wrong)
            place = f"{path}:{line}: " if line else ""
            click.echo(f"       {place}{wrong.key}: expected {_words(wrong.expected)}, found {_words(wrong.found)}")
    red = sum(bool(result.mismatches) for result in results)
    total = f"{count(len(results), 'test')}, {red} red" if results else "no [[test]] in it"
    click.secho(f"{path}: {total}", fg="red" if red else None)


def _words(value: object) -> str:
    return "nothing" if value is None else value if isinstance(value, str) else msgspec.json.encode(value).decode()
