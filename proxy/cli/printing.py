"""What several commands print: problems of a configuration, and data for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
import msgspec

from routing_rules import Problem
from routing_rules.errors import spell


def print_json(data: Any) -> None:
    """Print data as one indented JSON document."""
    click.echo(msgspec.json.format(msgspec.json.encode(data), indent=2).decode())


def problem_data(problem: Problem) -> dict[str, Any]:
    """Give a problem as JSON takes it; `where` is its path as a person would point at it."""
    return {**msgspec.to_builtins(problem), "where": spell(problem.path)}


def print_problems(problems: Sequence[Problem], *, as_json: bool, file: str = "") -> None:
    """Print every problem, one a line, or all as one document with `ok: false`."""
    if as_json:
        print_json({"file": file, "ok": False, "problems": [problem_data(problem) for problem in problems]})
        return
    for problem in problems:
        click.secho(str(problem), fg="red")


def count(number: int, noun: str) -> str:
    """Count things: `1 rule`, `2 rules`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
