"""`wye doctor`: can every target be used, and if not, what mends it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from proxy.cli.configured import configuration
from proxy.cli.options import config_option, json_option, timeout_option
from proxy.cli.printing import print_json, print_problems
from proxy.doctor.ask import Ask
from proxy.doctor.checks import examine_all
from proxy.doctor.report import Outcome, TargetReport, as_data, as_lines
from routing_rules import RuleError
from routing_rules.units import Seconds

_COLOURS: dict[Outcome | None, str | None] = {"ok": "green", "failed": "red", "skipped": "yellow", None: None}


@click.command()
@config_option
@timeout_option("20s")
@json_option
@click.pass_context
def doctor(context: click.Context, config: Path | None, timeout_s: Seconds, as_json: bool) -> None:
    """Reach every target, all at the same time, and say what to mend; exit 1 if one cannot be used.

    Checked are the secret, the URL, the key, the models and a tiny stream.
    """
    try:
        file, reports = asyncio.run(_examined(config, context.obj, timeout_s))
    except RuleError as error:
        print_problems(error.problems, as_json=as_json, file=str(config or ""))
        context.exit(1)
    usable = all(report.usable for report in reports)
    if as_json:
        print_json({"file": str(file) if file else None, "ok": usable, "targets": as_data(reports)})
    else:
        _print(file, reports)
    context.exit(0 if usable else 1)


async def _examined(config: Path | None, ask: Ask, timeout_s: float) -> tuple[Path | None, list[TargetReport]]:
    loaded, file = await configuration(config, os.environ, Path(), ask)
    return file, await examine_all(loaded.config.target, os.environ, ask, timeout_s)


def _print(file: Path | None, reports: list[TargetReport]) -> None:
    click.echo(f"Targets of {file}:" if file else "No configuration file; targets found in the environment:")
    for line, outcome in as_lines(reports):
        click.secho(line, fg=_COLOURS[outcome])
