"""`wye check`: may this file serve, what keeps it from it if not, and what it probably does not mean."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import click

from proxy.cli.options import config_option, json_option
from proxy.cli.printing import count, print_json, print_problems, problem_data
from proxy.cli.verified import rule_book
from proxy.config.load import Loaded, find_file, read_config
from proxy.pipeline.verify import tried
from routing_rules import Problem, RuleError


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@config_option
@json_option
@click.pass_context
def check(context: click.Context, file: Path | None, config: Path | None, as_json: bool) -> None:
    """Load a configuration file, run its tests, prove its boundaries, and print every problem; exit 1 if there is one.

    No host name is looked up (`wye prove` does that). Warnings keep nothing back.
    """
    if file and config and file != config:
        raise click.UsageError("FILE and --config name two different files.")
    path = find_file(file or config, os.environ, Path())
    if path is None:
        raise click.ClickException("there is no configuration file here: name one, or write one with `wye init`")
    try:
        loaded = read_config(path)
    except RuleError as error:
        _refuse(context, error.problems, path, as_json=as_json)
    if problems := loaded.home(tried(loaded.config, rule_book(loaded.config))):
        _refuse(context, problems, path, as_json=as_json)
    _print_sizes(loaded, path, as_json=as_json)


def _refuse(context: click.Context, problems: list[Problem], path: Path, *, as_json: bool) -> NoReturn:
    print_problems(problems, as_json=as_json, file=str(path))
    if not as_json:
        click.echo(f"{path}: {count(len(problems), 'problem')}")
    context.exit(1)


def _print_sizes(loaded: Loaded, path: Path, *, as_json: bool) -> None:
    config, warnings = loaded.config, loaded.warnings
    sizes = {"rule": len(config.rule), "target": len(config.target), "label": len(config.label)}
    if as_json:
        data = {f"{noun}s": number for noun, number in sizes.items()}
        advice = [problem_data(warning) for warning in warnings]
        print_json({"file": str(path), "ok": True, **data, "problems": [], "warnings": advice})
        return
    for warning in warnings:
        click.secho(f"{warning} (a warning)", fg="yellow")
    counted = ", ".join(count(number, noun) for noun, number in sizes.items())
    said = f"; {count(len(warnings), 'warning')}" if warnings else ""
    click.echo(f"{path}: {click.style('ok', fg='green')} ({counted}){said}")
