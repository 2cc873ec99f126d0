"""What serving needs first: the configuration in force, its secrets, and where it is from."""

from __future__ import annotations

import asyncio
import os
import secrets
from pathlib import Path

import msgspec

from proxy.cli.asking import ask
from proxy.cli.configured import configuration
from proxy.config.schema import Config
from proxy.config.secrets import ProxyConfigError, SecretMissing, resolve


class Start(msgspec.Struct, frozen=True):
    """A configuration that is ready to serve: secrets resolved, and a name that `Via` headers know this wye by."""

    config: Config
    keys: dict[str, str]
    source: str
    via: str


def prepare(option: Path | None) -> Start:
    """Find the configuration in force. Raises RuleError or SecretMissing with all that is wrong."""
    config, file = asyncio.run(configuration(option, os.environ, Path.cwd(), ask))
    source = str(file) if file else "the environment (no file)"
    return Start(config, _keys(config, source), source, f"wye-{secrets.token_hex(4)}")


def _keys(config: Config, source: str) -> dict[str, str]:
    """Resolve the targets' secrets. Raises ProxyConfigError that names every one that is missing."""
    keys: dict[str, str] = {}
    missing: list[str] = []
    for name, target in config.target.items():
        try:
            if target.key:
                keys[name] = resolve(target.key, os.environ)
        except SecretMissing as error:
            missing.append(f"{source}: [target.{name}] key: {error}: set it, or take the target out")
    if missing:
        raise ProxyConfigError("\n".join(missing))
    return keys
