"""`wye check`: does this file load, and if not, everything that keeps it from it."""

from __future__ import annotations

import os
from pathlib import Path

import click

from proxy.cli.options import config_option, json_option
from proxy.cli.printing import count, print_json, print_problems
from proxy.config.load import find_file, read_config
from proxy.config.schema import Config
from routing_rules import RuleError


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@config_option
@json_option
@click.pass_context
def check(context: click.Context, file: Path | None, config: Path | None, as_json: bool) -> None:
    """Load a configuration file and print every problem in it; exit 1 if there is one."""
    if file and config and file != config:
        raise click.UsageError("FILE and --config name two different files.")
    path = find_file(file or config, os.environ, Path())
    if path is None:
        raise click.ClickException("there is no configuration file here: name one, or write one with `wye init`")
    try:
        loaded = read_config(path)
    except RuleError as error:
        print_problems(error.problems, as_json=as_json, file=str(path))
        if not as_json:
            click.echo(f"{path}: {count(len(error.problems), 'problem')}")
        context.exit(1)
    _print_sizes(loaded, path, as_json=as_json)


def _print_sizes(config: Config, path: Path, *, as_json: bool) -> None:
    sizes = {"rule": len(config.rule), "target": len(config.target), "label": len(config.label)}
    if as_json:
        data = {f"{noun}s": number for noun, number in sizes.items()}
        print_json({"file": str(path), "ok": True, **data, "problems": []})
        return
    counted = ", ".join(count(number, noun) for noun, number in sizes.items())
    click.echo(f"{path}: {click.style('ok', fg='green')} ({counted})")
