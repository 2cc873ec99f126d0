"""The text of a starter file: what was found is in force, what was not is there to be switched on."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.config.fileless import OPENAI_KEY, OPENAI_URL, PRIVATE_FIRST
from proxy.config.load import pack_text
from routing_rules.toml_text import quoted

_HEAD = """\
# wye's configuration. `wye check` finds every mistake in it, `wye doctor` asks the targets, `wye serve` serves it.
# Every key there is, with its default: config.toml in wye's repository.

[server]
host = "127.0.0.1" # only this machine; anything else needs `open = true`, since no keys protect it yet
port = 8000
"""

_LOCAL = """\
# {found}
[target.local]
kind = "ollama"
url = {url}
accepts = {accepts} # the labels it may be given; "*" is any, and without this key it is none
{model}
"""

_CLOUD = f"""\
# {{found}}
[target.cloud]
kind = "openai"
url = {quoted(OPENAI_URL)}
key = "env:{OPENAI_KEY}" # where the key is, never the key itself
model = {{model}} # for requests that name no model OpenAI has
"""

_ONE_RULE = """\
# Rules are read from top to bottom; the first that matches decides, and the last one takes the rest.
[[rule]]
name = {name}
use = [{target}]
"""

DEFAULT_CLOUD_MODEL = "gpt-4o-mini"


def starter_text(url: str, models: Sequence[str] | None, *, accepts: bool, has_key: bool) -> str:
    """Write a starter file for an Ollama at `url` (`models` is None where none answers) and an OpenAI key, or none.

    `accepts` says whether that Ollama may be given labelled requests. With both, or neither, both are in force.
    """
    both = (models is not None) == has_key
    local, cloud = _local(url, models, accepts=accepts), _cloud(has_key=has_key)
    if both:
        return "\n".join((_HEAD, local, cloud, pack_text(PRIVATE_FIRST)))
    if has_key:
        return "\n".join((_HEAD, _switched_off(local), cloud, _only("cloud", "everything goes to the cloud")))
    return "\n".join((_HEAD, local, _switched_off(cloud), _only("local", "everything stays here")))


def _local(url: str, models: Sequence[str] | None, *, accepts: bool) -> str:
    found = "No Ollama answered here when this was written." if models is None else "This Ollama answered."
    if models:
        model = f"model = {quoted(models[0])} # for requests that name no model it has"
    else:
        model = '# model = "llama3.2" # for requests that name no model it has; default: the first it lists'
    return _LOCAL.format(found=found, url=quoted(url), accepts='["*"]' if accepts else "[]", model=model)


def _cloud(*, has_key: bool) -> str:
    found = f"{OPENAI_KEY} was set." if has_key else f"{OPENAI_KEY} was not set when this was written."
    return _CLOUD.format(found=found, model=quoted(DEFAULT_CLOUD_MODEL))


def _only(target: str, name: str) -> str:
    return _ONE_RULE.format(name=quoted(name), target=quoted(target))


def _switched_off(table: str) -> str:
    lines = table.splitlines()
    return "\n".join(line if line.startswith("#") else f"# {line}" for line in lines) + "\n"
