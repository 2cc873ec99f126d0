"""What the commands share that look at the rules of a file: find it, load it, and look names up where asked to."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click

from proxy.cli.printing import print_problems
from proxy.config.load import Loaded, find_file, read_config
from proxy.config.planned import is_offered
from proxy.config.schema import Config
from routing_rules import RuleBook, RuleError, compile_rules


def named_file(context: click.Context, file: Path | None, config: Path | None) -> Path:
    """Return the file that a command is about: its argument, `--config`, `WYE_CONFIG`, or wye's own config.toml."""
    if file and config and file != config:
        raise click.UsageError("FILE and --config name two different files.", context)
    path = find_file(file or config, os.environ, Path())
    if path is None:
        raise click.ClickException("there is no configuration file here: name one, or write one with `wye init`")
    return path


def loaded(context: click.Context, path: Path, *, as_json: bool) -> Loaded:
    """Load a file; with problems in it, print them all and exit 1."""
    try:
        return read_config(path)
    except RuleError as error:
        print_problems(error.problems, as_json=as_json, file=str(path))
        context.exit(1)


def rule_book(config: Config) -> RuleBook:
    """Compile the rules of a configuration that loads."""
    return compile_rules(config.rules, is_offered)


def file_argument(function: Callable[..., None]) -> Callable[..., None]:
    """Add the argument FILE."""
    return click.argument("file", required=False, type=click.Path(path_type=Path))(function)
