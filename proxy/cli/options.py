"""Options that several commands share, so that they are spelt and explained alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from routing_rules.units import Seconds

F = TypeVar("F", bound=Callable[..., Any])


def config_option(function: F) -> F:
    """Add `--config FILE`; absent, the file is `WYE_CONFIG`, or wye's own config.toml in the working directory."""
    return click.option(
        "--config",
        "config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The configuration file. [default: $WYE_CONFIG, else ./config.toml if it is wye's]",
    )(function)


def json_option(function: F) -> F:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print data for programs.")(function)


def timeout_option(default: str) -> Callable[[F], F]:
    """Add `--timeout`, a duration as the configuration writes it, or a number of seconds."""
    return click.option(
        "--timeout",
        "timeout_s",
        default=default,
        show_default=True,
        metavar="DURATION",
        callback=_seconds,
        help="How long it may take.",
    )


def _seconds(_context: click.Context, _param: click.Parameter, text: str) -> Seconds:
    try:
        return Seconds.parse(float(text) if text.isdecimal() else text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not {error}") from error
