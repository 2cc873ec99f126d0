"""Which configuration a command works with: a file, or what the environment offers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from proxy.config.environment import overrides
from proxy.config.fileless import from_environment
from proxy.config.load import Loaded, find_file, read_config
from proxy.config.ollama_host import ollama_url
from proxy.doctor.ask import Ask
from proxy.doctor.listing import find_ollama

OLLAMA_LIMIT_S = 2.0


async def configuration(
    option: Path | None, environ: Mapping[str, str], folder: Path, ask: Ask
) -> tuple[Loaded, Path | None]:
    """Read the file in force, or look around when there is none; `WYE_*` is applied. Raises RuleError."""
    file = find_file(option, environ, folder)
    if file is not None:
        loaded = read_config(file)
        return msgspec.structs.replace(loaded, config=overrides(loaded.config, environ)), file
    found = await find_ollama(ask, ollama_url(environ), OLLAMA_LIMIT_S)
    config = from_environment(environ, found.models if found else None, found.address if found else None)
    return Loaded(overrides(config, environ)), None
