"""`wye diff`: what another rule file would have done with yesterday's traffic."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from proxy.cli.options import json_option
from proxy.cli.printing import count, print_json
from proxy.cli.verified import loaded, rule_book
from proxy.telemetry.facts_log import each_request
from routing_rules.diff import Difference, Moved, Recorded
from routing_rules.diff import diff as compare

_KINDS = (
    ("go elsewhere", "moved"),
    ("are labelled otherwise", "relabelled"),
    ("are decided by another rule", "renamed"),
)


class Log:
    """A facts log, read as it is replayed: `unreadable` counts the lines that cannot be read, so far."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.unreadable = 0

    def requests(self) -> Iterator[Recorded]:
        """Give the requests in the order of the log. Raises click.ClickException."""
        try:
            for request in each_request(self._path):
                if request is None:
                    self.unreadable += 1
                else:
                    yield request
        except OSError as error:
            raise click.ClickException(f"{self._path} cannot be read ({error.strerror})") from None


@click.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option(
    "--traffic", required=True, metavar="LOG", type=click.Path(path_type=Path), help="What [facts_log] path wrote."
)
@json_option
@click.pass_context
def diff(context: click.Context, old: Path, new: Path, traffic: Path, as_json: bool) -> None:
    """Replay recorded request facts through two files: how many move, from where to where, and which cannot be told.

    It exits with 0 whether requests move or not.
    """
    before, after = (rule_book(loaded(context, path, as_json=as_json).config) for path in (old, new))
    log = Log(traffic)
    found = compare(before, after, log.requests())
    if log.unreadable and not found.requests:
        raise click.ClickException(f"{traffic} is no facts log: none of its lines can be read")
    if as_json:
        told = {"old": str(old), "new": str(new), "ok": True, "unreadable": log.unreadable}
        print_json({**told, **msgspec.structs.asdict(found)})
        return
    click.echo("\n".join(_lines(found, f"{old} → {new}")))
    if log.unreadable:
        click.secho(f"{count(log.unreadable, 'line')} of the log cannot be read and left out", fg="yellow")


def _lines(found: Difference, files: str) -> Iterator[str]:
    if not found.requests:
        yield f"{files}: no request in the log"
        return
    yield f"{files}, {count(found.requests, 'request')}"
    yield _row(found.unchanged, found, "stay as they are")
    for title, kind in _KINDS:
        yield from _moves(title, getattr(found, kind), found)
    untold = sum(one.count for one in found.untold)
    if untold:
        yield _row(untold, found, f"cannot tell ({untold}):")
        for one in found.untold:
            yield _row(one.count, found, f"  {_missing(one.fact)}", one.samples)


def _moves(title: str, moves: tuple[Moved, ...], found: Difference) -> Iterator[str]:
    if moves:
        yield _row(sum(one.count for one in moves), found, f"{title}:")
        for one in moves:
            yield _row(one.count, found, f"  {one.before} → {one.after}", one.samples)


def _row(number: int, found: Difference, text: str, samples: tuple[str, ...] = ()) -> str:
    such_as = f"   e.g. {', '.join(samples)}" if samples else ""
    return f"{number:>8,} {number / found.requests:>7.1%}  {text}{such_as}"


def _missing(fact: str) -> str:
    return fact.removeprefix("any: ") if fact.startswith("any: ") else f"the log does not hold {fact}"
