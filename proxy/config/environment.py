"""What the environment may change: where wye listens, how much it logs, and which file it reads.

The command line wins over `WYE_*`, which win over the file, which wins over the defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import msgspec

from proxy.config.checks import check_server
from proxy.config.schema import Config, Level
from routing_rules import Problem, RuleError
from routing_rules.spelling import nearest

_SOURCE = "environment"


def named_file(environ: Mapping[str, str]) -> Path | None:
    """Return the file that `WYE_CONFIG` names, if it names one."""
    name = environ.get("WYE_CONFIG", "").strip()
    return Path(name) if name else None


def overrides(config: Config, environ: Mapping[str, str]) -> Config:
    """Apply `WYE_HOST`, `WYE_PORT` and `WYE_LOG_LEVEL`; empty ones count as unset. Raises RuleError."""
    problems: list[Problem] = []
    server, log = config.server, config.log
    if host := environ.get("WYE_HOST", "").strip():
        server = msgspec.structs.replace(server, host=host)
    if port := environ.get("WYE_PORT", "").strip():
        server = msgspec.structs.replace(server, port=_port(port, problems))
    if level := environ.get("WYE_LOG_LEVEL", "").strip():
        log = msgspec.structs.replace(log, level=_level(level, problems))
    problems += _renamed(config, server.host)
    if problems:
        raise RuleError(problems)
    return msgspec.structs.replace(config, server=server, log=log)


def arguments(
    config: Config, *, host: str | None = None, port: int | None = None, workers: int | None = None
) -> Config:
    """Apply what the command line says. Raises RuleError."""
    given = {name: value for name, value in (("host", host), ("port", port), ("workers", workers)) if value is not None}
    server = msgspec.structs.replace(config.server, **given)
    if problems := [msgspec.structs.replace(one, file="command line") for one in check_server(server)]:
        raise RuleError(problems)
    return msgspec.structs.replace(config, server=server)


def _port(text: str, problems: list[Problem]) -> int:
    if text.isascii() and text.isdigit() and int(text) < 2**16:
        return int(text)
    problems.append(_bad("WYE_PORT", text, "a port, 0 to 65535"))
    return 0


def _level(text: str, problems: list[Problem]) -> Level:
    levels: dict[str, Level] = {level: level for level in get_args(Level)}
    if level := levels.get(text.lower()):
        return level
    problems.append(_bad("WYE_LOG_LEVEL", text, "one of " + ", ".join(levels), nearest(text, levels)))
    return "info"


def _renamed(config: Config, host: str) -> list[Problem]:
    """Check a host that did not come from the file, and name the variable that it came from."""
    if host == config.server.host:
        return []
    server = msgspec.structs.replace(config.server, host=host)
    return [_bad("WYE_HOST", host, one.expected) for one in check_server(server) if one.path == ("server", "host")]


def _bad(variable: str, text: str, expected: str, close: str | None = None) -> Problem:
    return Problem(path=(), found=f"{variable}={text!r}", expected=expected, nearest=close, file=_SOURCE)
