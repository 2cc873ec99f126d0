"""A configuration that may serve: validated, its secrets resolved. Starting and reloading share this."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from proxy.config.environment import arguments, overrides
from proxy.config.load import Loaded as FromFiles
from proxy.config.load import files_of as named_files
from proxy.config.load import read_config
from proxy.config.only import only as narrowed
from proxy.config.schema import Config
from proxy.config.secrets import ProxyConfigError, SecretMissing, resolve
from proxy.pipeline.verify import verify
from proxy.reload.resolving import addresses
from proxy.telemetry.facts_log import refuse_unwritable
from routing_rules import Problem, RuleError

Validator = Callable[[Config], list[Problem]]
Home = Callable[[Iterable[Problem]], list[Problem]]
_FILE = "file:"


def verified(config: Config) -> list[Problem]:
    """Check a configuration as it will be in force, run its tests, and prove that no label gets outside its boundary.

    It is looked at with what the environment and the command line changed in it.
    """
    return verify(config, addresses)


# What a configuration must pass before it serves, at the start and at every reload, in this order; all are asked, so
# that every problem is named at once.
VALIDATORS: Final[tuple[Validator, ...]] = (verified,)


class Given(msgspec.Struct, frozen=True):
    """What the command line said; it wins over every file, now and later."""

    host: str | None = None
    port: int | None = None
    workers: int | None = None
    only: str | None = None


class Loaded(msgspec.Struct, frozen=True):
    """A configuration that may serve, and its secrets: the targets' keys, and what a rule's `hash` is keyed with."""

    config: Config
    keys: dict[str, str] = {}
    hash_key: bytes | None = None


class Refusal(msgspec.Struct, frozen=True):
    """Why a file is not in force. The problems never hold a secret."""

    file: str
    problems: tuple[str, ...]


class Verdict(msgspec.Struct, frozen=True):
    """What came of looking at the files: new rules, or none where the old ones stay; what is wrong, if anything is."""

    loaded: Loaded | None = None
    refused: Refusal | None = None


def read(file: Path, given: Given, environ: Mapping[str, str] = os.environ) -> FromFiles:
    """Read the file, with the changes of the environment and the command line. Raises RuleError."""
    found = read_config(file)
    return msgspec.structs.replace(found, config=apply(overrides(found.config, environ), given))


def apply(config: Config, given: Given) -> Config:
    """Apply what the command line said. Raises RuleError."""
    return arguments(config, host=given.host, port=given.port, workers=given.workers)


def complete(
    config: Config,
    source: str,
    environ: Mapping[str, str] = os.environ,
    validators: tuple[Validator, ...] = VALIDATORS,
    only: str | None = None,
    home: Home = list,
) -> Loaded:
    """Put a configuration to the test, and then narrow it to the target `only`, if there is to be no other.

    `home` adds file and line to problems; one that has no file then is one of `source`. Raises RuleError or
    ProxyConfigError with all that is wrong.
    """
    problems = [problem for validator in validators for problem in validator(config)]
    if problems:
        raise RuleError([msgspec.structs.replace(one, file=one.file or source) for one in home(problems)])
    config = narrowed(config, only) if only is not None else config
    refuse_unwritable(config.facts_log)
    return Loaded(config, _keys(config, source, environ), _hash_key(config, source, environ))


def files_of(file: Path, config: Config) -> tuple[Path, ...]:
    """Return all files that a configuration is made of: its own, and those that hold its secrets."""
    references = [target.key for target in config.target.values()] + [config.server.hash_key]
    secrets = [Path(one.removeprefix(_FILE)) for one in references if one and one.startswith(_FILE)]
    return tuple(dict.fromkeys((*named_files(file), *secrets)))


def reasons(error: Exception) -> tuple[str, ...]:
    """Say what is wrong, a sentence for each problem; of a fault of ours only its kind: its words may hold values."""
    if isinstance(error, RuleError):
        return tuple(map(str, error.problems))
    if isinstance(error, ProxyConfigError):
        return tuple(str(error).splitlines())
    return (f"a fault of wye's own ({type(error).__name__}); the rules could not be put in force",)


def _hash_key(config: Config, source: str, environ: Mapping[str, str]) -> bytes | None:
    reference = config.server.hash_key
    try:
        return resolve(reference, environ).encode() if reference else None
    except SecretMissing as error:
        raise ProxyConfigError(f"{source}: [server] hash_key: {error}: set it, or take hash_key out") from None


def _keys(config: Config, source: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Resolve the targets' secrets. Raises ProxyConfigError that names every one that is missing."""
    keys: dict[str, str] = {}
    missing: list[str] = []
    for name, target in config.target.items():
        try:
            if target.key:
                keys[name] = resolve(target.key, environ)
        except SecretMissing as error:
            missing.append(f"{source}: [target.{name}] key: {error}: set it, or take the target out")
    if missing:
        raise ProxyConfigError("\n".join(missing))
    return keys
