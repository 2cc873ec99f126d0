"""What every command that serves or asks needs first: the configuration in force, its secrets, and where it is from."""

from __future__ import annotations

import asyncio
import os
import secrets
from pathlib import Path

import httpx
import msgspec

from proxy.config.environment import overrides
from proxy.config.fileless import from_environment
from proxy.config.load import find_file, read_config
from proxy.config.ollama_host import ollama_url
from proxy.config.schema import Config
from proxy.config.secrets import resolve
from proxy.errors import UpstreamError
from proxy.providers import PROVIDERS
from proxy.upstream.admission import Gate
from proxy.upstream.boundary import Boundary
from proxy.upstream.destination import Destination
from proxy.upstream.egress import Egress
from proxy.upstream.fleet import Member
from proxy.upstream.probes import list_models
from proxy.version import AGENT
from routing_rules import Target

LOOK_S = 2.0  # how long an Ollama may take to say that it is there


class Start(msgspec.Struct, frozen=True):
    """A configuration that is ready to serve: secrets resolved, and a name that `Via` headers know this wye by."""

    config: Config
    keys: dict[str, str]
    source: str
    via: str


def prepare(option: Path | None) -> Start:
    """Find the configuration in force. Raises RuleError or SecretMissing with all that is wrong."""
    path = find_file(option, os.environ, Path.cwd())
    if path is not None:
        config, source = read_config(path), str(path)
    else:
        config, source = from_environment(os.environ, *look_for_ollama()), "the environment (no file)"
    config = overrides(config, os.environ)
    keys = {name: resolve(target.key, os.environ) for name, target in config.target.items() if target.key}
    return Start(config, keys, source, f"wye-{secrets.token_hex(4)}")


def look_for_ollama() -> tuple[list[str] | None, str | None]:
    """Ask for an Ollama at `OLLAMA_HOST`: its models, None where none answers, and the address it answered from."""
    return asyncio.run(_look(ollama_url(os.environ)))


async def _look(url: str) -> tuple[list[str] | None, str | None]:
    target = Target(kind="ollama", url=url)
    egress = Egress(Boundary({}))
    member = Member("local", target, Destination(target, None, AGENT, "wye"), PROVIDERS["ollama"], Gate(target))
    try:
        async with asyncio.timeout(LOOK_S):
            models = await list_models(egress, member)
            return [model.id for model in models], await _address(url)
    except (UpstreamError, TimeoutError):
        return None, None
    finally:
        await egress.aclose()


async def _address(url: str) -> str | None:
    """Look the host's address up, so that a name is known to be private before a label relies on it."""
    host, port = httpx.URL(url).host, httpx.URL(url).port
    found = await asyncio.get_running_loop().getaddrinfo(host, port)
    return str(found[0][4][0]) if found else None
