"""What a configuration must not say, beyond its types and the rules themselves: addresses, secrets, numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from math import isfinite
from typing import Any

from proxy.config.addresses import is_boundary, is_loopback
from proxy.config.schema import Config, Server
from proxy.config.target_checks import check_target
from routing_rules import Path, Problem, Rule
from routing_rules.plan import PRIVATE
from routing_rules.spelling import nearest

_HIGHEST_PORT = 65_535


def check_config(config: Config) -> Iterator[Problem]:
    """Yield every problem of a configuration that decoded, but for those of its rules."""
    yield from check_server(config.server)
    for name, target in config.target.items():
        yield from check_target(name, target)
    yield from _boundary(config)
    for at, rule in enumerate(config.rule):
        yield from _rewrites(rule, ("rule", at))


def check_server(server: Server) -> Iterator[Problem]:
    """Yield every problem of `[server]`; to listen beyond this machine must be asked for."""
    if not 0 <= server.port <= _HIGHEST_PORT:
        yield Problem(path=("server", "port"), found=str(server.port), expected=f"a port, 0 to {_HIGHEST_PORT}")
    if server.workers < 1:
        yield Problem(path=("server", "workers"), found=str(server.workers), expected="1 or more")
    if not server.host or any(letter in server.host for letter in "[]/@ "):
        expected = 'an address or a name, without brackets or port, as in "127.0.0.1" or "::1"'
        yield Problem(path=("server", "host"), found=repr(server.host), expected=expected)
    elif not (server.open or is_loopback(server.host)):
        expected = f"a loopback address: binding to {server.host} without keys needs [server] open = true"
        yield Problem(path=("server", "host"), found=f"the host {server.host!r}", expected=expected)


def _boundary(config: Config) -> Iterator[Problem]:
    added = {label.add for label in config.label}
    accepted = {label for target in config.target.values() for label in target.accepts}
    known = (added | accepted | {PRIVATE}) - {"*"}
    for label, entries in config.boundary.items():
        if label not in known:
            expected = f"a label that is added or accepted somewhere: {', '.join(sorted(known))}"
            close = nearest(label, known)
            yield Problem(path=("boundary", label), found=f"the label {label!r}", expected=expected, nearest=close)
        for entry in entries:
            if not is_boundary(entry):
                expected = 'a network such as "10.0.0.0/8", an address, or a host pattern such as "*.internal"'
                yield Problem(path=("boundary", label), found=repr(entry), expected=expected)


def _rewrites(rule: Rule, path: Path) -> Iterator[Problem]:
    for key, fields in (("set", rule.set), ("default", rule.default)):
        for name, value in fields.items():
            if not _is_json(value):
                expected = "a value that JSON has: text, a finite number, true, false, a list or a table of them"
                yield Problem(path=(*path, key, name), found=str(value), expected=expected)


def _is_json(value: Any) -> bool:
    match value:
        case float():
            return isfinite(value)
        case datetime() | date() | time():
            return False
        case list():
            return all(map(_is_json, value))
        case dict():
            return all(map(_is_json, value.values()))
    return True
