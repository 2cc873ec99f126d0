"""`wye demo`: a real small model, a cloud, wye between them, and three requests that find their way."""

from __future__ import annotations

import signal
import sys
import time
from contextlib import suppress
from types import FrameType

import click
from rich.console import Console

from proxy.demo import DemoFailed, show
from proxy.demo.config import first_choices, has_key
from proxy.demo.samples import SAMPLES, Outcome, ask, connect
from proxy.demo.stage import Stage, check_the_ground, running

INTERRUPTED = 130


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Where wye listens.")
@click.option("--once", is_flag=True, help="End after the three requests.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as one JSON document, and nothing else.")
def demo(port: int, once: bool, as_json: bool) -> None:
    """Run wye with a real small model and watch three requests find their way.

    Without OPENAI_API_KEY the cloud is a stand-in that says so; with one, it is OpenAI.
    """
    _let_signals_interrupt()
    try:
        _run(port, once=once, as_json=as_json)
    except DemoFailed as failed:
        click.echo(failed, err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _let_signals_interrupt() -> None:
    """Make the first SIGINT or SIGTERM a KeyboardInterrupt, and let none disturb the clearing up after it."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)


def _run(port: int, *, once: bool, as_json: bool) -> None:
    check_the_ground(port)
    page, progress = show.consoles()
    page.quiet = as_json
    show.opening(page, real_cloud=has_key())
    with running(port, progress) as stage:
        outcomes = _ask_all(stage, page, progress)
        if as_json:
            click.echo(show.as_json(stage.base_url, outcomes))
        if not once:
            show.closing(page, stage.base_url, stage.config)
            _serve_until_interrupted(stage)


def _ask_all(stage: Stage, page: Console, progress: Console) -> list[Outcome]:
    """Send the samples one after the other, telling each story as soon as it is known."""
    choices = first_choices(stage.config.read_text(encoding="utf-8"))
    outcomes = []
    with connect(stage.base_url) as client:
        for number, sample in enumerate(SAMPLES, 1):
            with show.doing(progress, f"Asking: {sample.title.lower()}"):
                outcomes.append(ask(client, sample, choices))
            show.story(page, number, outcomes[-1])
    return outcomes


def _serve_until_interrupted(stage: Stage) -> None:
    """Watch over the children; an interrupt is the expected end."""
    with suppress(KeyboardInterrupt):
        while True:
            for child in stage.children:
                child.check("serving")
            time.sleep(0.5)
