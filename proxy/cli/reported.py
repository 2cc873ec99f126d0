"""Failures of a command as a person reads them: one clear sentence each, on standard error, and exit code 1."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

from proxy.config.secrets import ProxyConfigError
from routing_rules import RuleError

P = ParamSpec("P")
R = TypeVar("R")


def reported(command: Callable[P, R]) -> Callable[P, R]:
    """Turn what is wrong with a configuration into a message; anything else is a fault and stays one."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (RuleError, ProxyConfigError) as error:
            raise click.ClickException(str(error)) from None

    return run
