"""`wye test`: run the `[[test]]` tables of a file against its rules; nothing is sent."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from proxy.cli.options import config_option, json_option
from proxy.cli.printing import count, print_json
from proxy.cli.verified import file_argument, loaded, named_file, rule_book
from proxy.config.load import Loaded
from proxy.pipeline.verify import expectation, tested
from routing_rules.trials import TrialResult


@click.command()
@file_argument
@config_option
@json_option
@click.pass_context
def test(context: click.Context, file: Path | None, config: Path | None, as_json: bool) -> None:
    """Run a file's own tests against its rules; exit 1 if one is red."""
    path = named_file(context, file, config)
    found = loaded(context, path, as_json=as_json)
    results = tested(found.config, rule_book(found.config))
    green = not any(result.mismatches for result in results)
    if as_json:
        print_json({"file": str(path), "ok": green, "tests": [_data(result, found) for result in results]})
    else:
        _print(path, results, found)
    context.exit(0 if green else 1)


def _data(result: TrialResult, found: Loaded) -> dict[str, object]:
    file, line = found.place(("test", result.at))
    wrong = [
        {**msgspec.to_builtins(one), "line": found.place(expectation(result, one))[1]} for one in result.mismatches
    ]
    return {"name": result.name, "file": file, "line": line, "ok": not wrong, "mismatches": wrong}


def _print(path: Path, results: list[TrialResult], found: Loaded) -> None:
    for result in results:
        colour = "red" if result.mismatches else "green"
        click.secho(f"{colour:<5}  {result.name}", fg=colour)
        for wrong in result.mismatches:
            place = "{}:{}".format(*found.place(expectation(result, wrong)))
            click.echo(f"       {place}: {wrong.key}: expected {_words(wrong.expected)}, found {_words(wrong.found)}")
    red = sum(bool(result.mismatches) for result in results)
    total = f"{count(len(results), 'test')}, {red} red" if results else "no [[test]] in it"
    click.secho(f"{path}: {total}", fg="red" if red else None)


def _words(value: object) -> str:
    return "nothing" if value is None else value if isinstance(value, str) else msgspec.json.encode(value).decode()
