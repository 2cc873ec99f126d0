"""What a configuration must not say, beyond its types and the rules themselves: addresses, secrets, numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from proxy.config.addresses import is_boundary, is_loopback
from proxy.config.detector_checks import check_detectors
from proxy.config.planned import is_offered
from proxy.config.schema import Config, Server
from proxy.config.secrets import is_reference
from proxy.config.target_checks import check_target
from routing_rules import Path, Problem
from routing_rules.grammar import KEYS, is_fact
from routing_rules.plan import PRIVATE
from routing_rules.spelling import nearest
from routing_rules.toml_text import spelt

_CREDENTIALS = frozenset(
    f"header.{name}" for name in ("authorization", "proxy-authorization", "cookie", "api-key", "x-api-key")
)
_HIGHEST_PORT = 65_535


def check_config(config: Config) -> Iterator[Problem]:
    """Yield every problem of a configuration that decoded, but for those of its rules."""
    yield from check_server(config.server)
    yield from _clock_and_key(config.server)
    yield from _facts_log(config)
    for name, target in config.target.items():
        yield from check_target(name, target)
    yield from _boundary(config)
    yield from check_detectors(config.complexity, config.secrets)
    for at, rule in enumerate(config.rule):
        yield from _json(("rule", at), set=rule.set, default=rule.default)
    for at, trial in enumerate(config.test):
        messages = {"messages": list(trial.given.messages or ())}
        yield from _json(("test", at, "given"), body=trial.given.body, messages=messages)
        yield from _json(("test", at, "expect"), body=trial.expect.body)


def check_server(server: Server) -> Iterator[Problem]:
    """Yield every problem of `[server]`; to listen beyond this machine must be asked for."""
    if not 0 <= server.port <= _HIGHEST_PORT:
        yield Problem(path=("server", "port"), found=spelt(server.port), expected=f"a port, 0 to {_HIGHEST_PORT}")
    if server.workers < 1:
        yield Problem(path=("server", "workers"), found=spelt(server.workers), expected="1 or more")
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


def _clock_and_key(server: Server) -> Iterator[Problem]:
    if not _is_zone(server.timezone):
        expected = 'a time zone by its IANA name, as in "Europe/Berlin"'
        close = nearest(server.timezone, available_timezones())
        found = f"the time zone {spelt(server.timezone)}"
        yield Problem(path=("server", "timezone"), found=found, expected=expected, nearest=close)
    if server.hash_key is not None and not is_reference(server.hash_key):
        expected = "env:NAME or file:/path, which say where the secret is (none is ever read from this file)"
        yield Problem(path=("server", "hash_key"), found="a literal value", expected=expected)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):  # a path, a folder of zones, no zone at all
        return False
    return bool(name)


def _facts_log(config: Config) -> Iterator[Problem]:
    path, log = ("facts_log", "path"), config.facts_log
    if log.path is not None and not (log.path.strip() and log.path.isprintable()):
        yield Problem(path=path, found=spelt(log.path), expected="the name of a file")
    for at, name in enumerate(log.fields):
        place = ("facts_log", "fields", at)
        if name.lower() in _CREDENTIALS:
            yield Problem(path=place, found=f"{name!r}", expected="a fact that holds no secret: this one is a key")
        elif is_fact(name) and not is_offered(name):
            expected = "a fact of this version: it is planned, not built yet"
            yield Problem(path=place, found=f"the fact {name!r}", expected=expected)
        elif not is_fact(name):
            expected = "the name of a fact, as in model, prompt_tokens, header.x-team: " + ", ".join(KEYS)
            yield Problem(path=place, found=f"the fact {name!r}", expected=expected, nearest=nearest(name, KEYS))


def _json(path: Path, **tables: dict[str, Any]) -> Iterator[Problem]:
    for key, fields in tables.items():
        for name, value in fields.items():
            if not _is_json(value):
                expected = "a value that JSON has: text, a finite number, true, false, a list or a table of them"
                place = (*path, key) if key == name else (*path, key, name)
                yield Problem(path=place, found=spelt(value), expected=expected)


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
