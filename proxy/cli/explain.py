"""`wye explain`: what would become of a request, and why. Nothing is sent, and nobody is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from proxy.cli.explained import lines
from proxy.cli.options import config_option, json_option
from proxy.cli.printing import print_json
from proxy.cli.recorded import explain_recorded, find_recorded, then
from proxy.cli.verified import file_argument, loaded, named_file, rule_book
from proxy.config.schema import Config
from proxy.errors import BadRequest
from proxy.pipeline.explaining import Told, told
from proxy.pipeline.verify import poser_of
from proxy.wire.json_text import parse_object
from routing_rules import Given, RuleBook, TargetState
from routing_rules.diff import Recorded
from routing_rules.explain import explain as why
from routing_rules.spelling import nearest


@click.command()
@file_argument
@click.option("--model", metavar="M", help="The model that the client asks for.")
@click.option("--prompt", metavar="P", help="What the user says; in place of the messages of a body.")
@click.option("--body", metavar="FILE", type=click.File("rb"), help="A whole request body; - is standard input.")
@click.option("--header", "headers", metavar="NAME=VALUE", multiple=True, help="A request header; may be repeated.")
@click.option("--down", metavar="TARGET", multiple=True, help="A target that is down; may be repeated.")
@click.option("--id", "id_", metavar="ID", help="A past request (its x-wye-id), from the facts log.")
@config_option
@json_option
@click.pass_context
def explain(  # noqa: PLR0913 - one argument for each option
    context: click.Context,
    file: Path | None,
    model: str | None,
    prompt: str | None,
    body: Any,
    headers: tuple[str, ...],
    down: tuple[str, ...],
    id_: str | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Explain what the rules do with a request: its labels, every rule, the candidates, the rewrite.

    Nothing is sent, and no target is asked. It exits with 0 whatever becomes of the request; what must become of one
    is for a [[test]] to say.
    """
    config_ = loaded(context, named_file(context, file, config), as_json=as_json).config
    book = rule_book(config_)
    if id_ is not None:
        if any((model, prompt, body, headers, down)):
            raise click.UsageError("--id is about a past request: its model, text and headers cannot be said anew.")
        _show_recorded(find_recorded(config_.facts_log, id_), book, as_json=as_json)
        return
    _known(down, config_)
    given = Given(prompt=prompt, body=_body(body), model=model, headers=_headers(headers), down=down)
    explanation = _explained(config_, book, given)
    if as_json:
        print_json(explanation)
    else:
        click.echo("\n".join(lines(explanation)))


def _show_recorded(request: Recorded, book: RuleBook, *, as_json: bool) -> None:
    explanation = explain_recorded(book, request)
    if as_json:
        then_ = msgspec.structs.replace(request, facts={})
        print_json({**msgspec.to_builtins(explanation), "recorded": msgspec.to_builtins(then_)})
        return
    click.echo("\n".join(then(request)))
    if explanation.facts:
        click.echo("\n".join(lines(explanation, recorded=True)))


def _explained(config: Config, book: RuleBook, given: Given) -> Told:
    poser = poser_of(config, book)
    try:
        posed = poser.pose_given(given, exactly=True)
    except UnicodeEncodeError:
        raise click.ClickException("what is said of the request is not UTF-8 text") from None
    except ValueError as error:
        raise click.ClickException(f"the request is refused (400): {error}") from None
    down = dict.fromkeys(given.down, "as --down says")
    fleet = {name: TargetState(down=down.get(name)) for name in book.targets}
    return told(why(book, posed, fleet), posed, book.facts, down)


def _body(file: Any) -> dict[str, Any]:
    if file is None:
        return {}
    text = file.read()
    if not text.strip():
        raise click.ClickException("the body is empty; expected a JSON object")
    try:
        msgspec.json.decode(text, type=dict[str, Any])
        return parse_object(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise click.ClickException(f"the body is not a JSON object: {error}") from None
    except BadRequest as error:
        raise click.ClickException(f"the request is refused (400): {error.message}") from None


def _headers(written: tuple[str, ...]) -> dict[str, str]:
    for one in written:
        if not one.partition("=")[0].strip() or "=" not in one:
            raise click.BadParameter(f"{one!r} is no NAME=VALUE", param_hint="--header")
    pairs = [one.partition("=") for one in written]
    return {name.strip(): value for name, _, value in pairs}


def _known(targets: tuple[str, ...], config: Config) -> None:
    for name in targets:
        if name not in config.target:
            close = nearest(name, config.target)
            mean = f"; did you mean {close!r}?" if close else ""
            raise click.BadParameter(f"there is no target {name!r}{mean}", param_hint="--down")
