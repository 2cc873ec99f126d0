"""A configuration from nothing but the environment: an OpenAI key, an Ollama that answers, or both.

`OPENAI_BASE_URL` is not read: it is what an application sets to find wye, and wye would find itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from proxy.config.addresses import is_private
from proxy.config.load import check_all, decode_tables, pack_text
from proxy.config.ollama_host import ollama_url
from proxy.config.schema import Config
from routing_rules import Problem, Rule, RuleError, Target

OPENAI_URL = "https://api.openai.com/v1"
OPENAI_KEY = "OPENAI_API_KEY"
PRIVATE_FIRST = "private_first"


def from_environment(
    environ: Mapping[str, str], ollama_models: Sequence[str] | None, ollama_address: str | None = None
) -> Config:
    """Build a configuration without a file. Raises RuleError that says what to set when nobody can answer.

    `ollama_models` is what an Ollama at `OLLAMA_HOST` lists, None if none answers; `ollama_address` the address at
    which it answered, where known: it settles whether a host name is private.
    """
    found = {"cloud": _cloud(environ), "local": _local(environ, ollama_models is not None, ollama_address)}
    targets = {name: target for name, target in found.items() if target is not None}
    if not targets:
        raise RuleError([_nobody(environ)])
    config = _private_first(targets) if len(targets) == len(found) else _one(targets)
    if problems := list(check_all(config)):
        raise RuleError(problems)
    return config


def has_openai_key(environ: Mapping[str, str]) -> bool:
    """Say whether an OpenAI key is set."""
    return bool(environ.get(OPENAI_KEY, "").strip())


def _cloud(environ: Mapping[str, str]) -> Target | None:
    if not has_openai_key(environ):
        return None
    return Target(
        kind="openai",
        url=OPENAI_URL,
        key=f"env:{OPENAI_KEY}",
        organization=_set(environ, "OPENAI_ORG_ID"),
        project=_set(environ, "OPENAI_PROJECT_ID"),
        model=_set(environ, "OPENAI_MODEL"),
    )


def _local(environ: Mapping[str, str], answers: bool, address: str | None) -> Target | None:
    if not answers:
        return None
    url = ollama_url(environ)
    host = urlsplit(url).hostname or ""
    # A name says nothing about where its bytes go, unless someone has seen the address behind it.
    private = is_private(host) or (address is not None and is_private(address))
    return Target(kind="ollama", url=url, accepts=("*",) if private else (), model=_set(environ, "OLLAMA_MODEL"))


def _private_first(targets: dict[str, Target]) -> Config:
    pack = decode_tables(pack_text(PRIVATE_FIRST), f"{PRIVATE_FIRST}.toml")
    return Config(target=targets, fact=pack.fact, label=pack.label, rule=pack.rule)


def _one(targets: dict[str, Target]) -> Config:
    name = "everything stays here" if "local" in targets else "everything goes to the cloud"
    return Config(target=targets, rule=(Rule(name=name, use=tuple(targets)),))


def _set(environ: Mapping[str, str], name: str) -> str | None:
    return environ.get(name, "").strip() or None


def _nobody(environ: Mapping[str, str]) -> Problem:
    return Problem(
        path=(),
        found=f"no configuration file, no {OPENAI_KEY}, and no Ollama that answers at {ollama_url(environ)}",
        expected=f"one of them: set {OPENAI_KEY}, start Ollama (OLLAMA_HOST says where), or `wye init` a file",
    )
