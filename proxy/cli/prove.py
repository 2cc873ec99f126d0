"""`wye prove`: every place that each label's requests could ever reach, and whether it lies inside the boundary."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from proxy.cli.options import config_option, json_option
from proxy.cli.printing import count, print_json
from proxy.cli.verified import file_argument, loaded, named_file, rule_book
from proxy.pipeline.verify import proved
from proxy.reload.resolving import addresses
from routing_rules.fences import PRIVATE_NETWORKS
from routing_rules.plan import PRIVATE
from routing_rules.prove import Adding, LabelProof, Sink, Verdict

_COLOURS: dict[Verdict, str] = {"inside": "green", "closed": "green", "checked at send": "yellow", "outside": "red"}
_TITLES: tuple[tuple[Verdict, str], ...] = (
    ("outside", "OUTSIDE the boundary, and its requests could reach it"),
    ("inside", "Its requests can reach, inside the boundary"),
    ("checked at send", "Its requests can reach, and each time the address is checked before the first byte"),
    ("closed", "Closed: its requests never reach"),
)


@click.command()
@file_argument
@config_option
@json_option
@click.option("--offline", is_flag=True, help="Look no host name up; what only its address would tell is then open.")
@click.pass_context
def prove(context: click.Context, file: Path | None, config: Path | None, as_json: bool, offline: bool) -> None:
    """Show every sink that a labelled request could ever reach; exit 1 if one lies outside its boundary."""
    path = named_file(context, file, config)
    found = loaded(context, path, as_json=as_json).config
    proofs = proved(found, rule_book(found), None if offline else addresses)
    holds = all(proof.holds for proof in proofs)
    if as_json:
        print_json({"file": str(path), "ok": holds, "labels": proofs})
    else:
        _print(path, proofs)
    context.exit(0 if holds else 1)


def _print(path: Path, proofs: list[LabelProof]) -> None:
    for proof in proofs:
        click.secho(f"{proof.label}", bold=True)
        click.echo("\n".join(_coming(proof)))
        click.echo(f"  Boundary: {_boundary(proof)}")
        if not proof.sinks:
            click.secho("  Its requests can reach no place at all: they are refused.", fg="green")
        for verdict, title in _TITLES:
            _print_sinks(title, verdict, [one for one in (*proof.sinks, *proof.closed) if one.verdict == verdict])
        click.echo()
    outside = [(proof.label, sink.name) for proof in proofs for sink in proof.sinks if sink.verdict == "outside"]
    click.secho(f"{path}: {_verdict(proofs, outside)}", fg="red" if outside else "green")


def _verdict(proofs: list[LabelProof], outside: list[tuple[str, str]]) -> str:
    if outside:
        return f"{count(len(outside), 'sink')} outside a boundary: {', '.join(f'{a} → {b}' for a, b in outside)}"
    return f"proved. No request labelled {' or '.join(one.label for one in proofs)} can get outside its boundary"


def _boundary(proof: LabelProof) -> str:
    if proof.boundary == tuple(map(str, PRIVATE_NETWORKS)):
        return f"loopback and private networks ({', '.join(proof.boundary)})"
    return ", ".join(proof.boundary) or "empty, so nothing lies inside"


def _coming(proof: LabelProof) -> Iterator[str]:
    """Say how the label comes to a request, and how far that can be relied on."""
    sure = [one for one in proof.adding if not one.detected]
    found = [one for one in proof.adding if one.detected]
    if proof.holds:
        yield "  Promised: what bears this label stays inside the boundary, whatever rule, alias or client is used."
    else:
        yield "  NOT promised: what bears this label can get outside the boundary, as shown below."
    level = ", or a high privacy level" if proof.label == PRIVATE else ""
    yield f"  Guaranteed to bear it: a request that says so itself (the x-wye-label header{level})"
    yield from (f"      or where {_condition(one)}" for one in sure)
    if found:
        yield "  Detected, not guaranteed (a detector may miss; what it misses bears no label):"
        yield from (f"      where {_condition(one)}" for one in found)


def _condition(one: Adding) -> str:
    return one.when + ("" if one.why in {"its condition holds", "always"} else f"   [{one.why}]")


def _print_sinks(title: str, verdict: Verdict, sinks: list[Sink]) -> None:
    if sinks:
        click.secho(f"  {title}:", fg=_COLOURS[verdict])
    for sink in sinks:
        click.echo(f"    {sink.name} ({sink.address}): {sink.why}")
        if verdict != "closed":
            click.echo(f"      by {', '.join(sink.ways)}")
