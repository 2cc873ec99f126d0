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
from proxy.reload.loaded import Given, Loaded, apply, complete
from proxy.reload.reloader import Origin


class Start(msgspec.Struct, frozen=True):
    """A configuration that is ready to serve, where it is from, and a name that `Via` headers know this wye by."""

    loaded: Loaded
    origin: Origin
    via: str

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self.loaded.config


def prepare(option: Path | None, given: Given) -> Start:
    """Find the configuration in force and put it to the test. Raises RuleError or ProxyConfigError."""
    found, file = asyncio.run(configuration(option, os.environ, Path.cwd(), ask))
    name = str(file) if file else "the environment (no file)"
    loaded = complete(apply(found.config, given), name, only=given.only, home=found.home)
    return Start(loaded, Origin(name, file, given), f"wye-{secrets.token_hex(4)}")
