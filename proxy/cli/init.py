"""`wye init`: a starter file, written from what is found here."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import click

from proxy.cli.configured import OLLAMA_LIMIT_S
from proxy.cli.options import json_option
from proxy.cli.printing import print_json, print_problems
from proxy.cli.starter import starter_text
from proxy.config.addresses import is_private
from proxy.config.fileless import has_openai_key
from proxy.config.load import DEFAULT_FILE, decode_config
from proxy.config.ollama_host import ollama_url
from proxy.doctor.ask import Ask
from proxy.doctor.listing import Found, find_ollama, first_chat_model
from routing_rules import RuleError


@click.command()
@click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    default=DEFAULT_FILE,
    show_default=True,
    help="The file to write.",
)
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@json_option
@click.pass_context
def init(context: click.Context, config: Path, force: bool, as_json: bool) -> None:
    """Write a starter file from what is found: an OpenAI key, an Ollama that answers."""
    url = ollama_url(os.environ)
    found = asyncio.run(_ollama(context.obj, url))
    text = _text(os.environ, url, found)
    try:
        decode_config(text, "OLLAMA_HOST")
    except RuleError as error:
        print_problems(error.problems, as_json=as_json, file=str(config))
        context.exit(1)
    _write(config, text, force=force)
    _report(config, url, found, as_json=as_json)


async def _ollama(ask: Ask, url: str) -> Found | None:
    return await find_ollama(ask, url, OLLAMA_LIMIT_S)


def _text(environ: Mapping[str, str], url: str, found: Found | None) -> str:
    host = urlsplit(url).hostname or ""
    accepts = is_private(host) or bool(found and found.address and is_private(found.address))
    models = None if found is None else [model for model in (first_chat_model(found.models),) if model]
    return starter_text(url, models, accepts=accepts, has_key=has_openai_key(environ))


def _write(config: Path, text: str, *, force: bool) -> None:
    try:
        with config.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.ClickException(
            f"{config} is there already: --force overwrites it, --config names another"
        ) from None
    except OSError as error:
        raise click.ClickException(f"{config} cannot be written ({error.strerror})") from error


def _report(config: Path, url: str, found: Found | None, *, as_json: bool) -> None:
    key = has_openai_key(os.environ)
    if as_json:
        ollama = {"url": url, "models": list(found.models)} if found else None
        print_json({"file": str(config), "written": True, "found": {"openai_key": key, "ollama": ollama}})
        return
    click.echo(f"{'Found' if key else 'Did not find'} an OpenAI key (OPENAI_API_KEY).")
    click.echo(f"{'Found' if found else 'Did not find'} an Ollama at {url}.")
    click.echo(f"Wrote {config}. Next: wye doctor --config {config}, then wye serve --config {config}")
