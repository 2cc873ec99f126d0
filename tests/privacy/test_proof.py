"""`wye prove` and the property agree: what gets out when addresses are not checked is what the proof says, no more.

The proof is made of the file alone. The leaks are provoked: the real application with its check of addresses switched
off, random requests, and requests that are made to reach each sink that the proof calls outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, assume, given, seed, settings

from proxy.config.load import decode_config
from proxy.config.planned import is_offered
from proxy.pipeline.verify import proved
from routing_rules import RuleError, compile_rules
from tests.privacy.faults import Habits
from tests.privacy.mutations import without
from tests.privacy.oracle import Labels, accepts, inside, labels_of
from tests.privacy.play import Case, Played, cases, play, stage
from tests.privacy.requests import Request, mark
from tests.privacy.rule_files import NUMBERS, PORT
from tests.privacy.sinks import DEAD, SINKS
from tests.privacy.watch import Script

UNCHECKED = "addresses are checked"
LEAST_REACHED = 10
bounded = settings(
    database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), max_examples=100
)


@dataclass(frozen=True)
class Proof:
    """What the proof says of a case: sinks outside by label and target, and those it leaves to the send check."""

    outside: frozenset[tuple[str, str]]
    undecided: frozenset[tuple[str, str]]
    named: frozenset[tuple[str, str]]


def steady(scripts: dict[str, Script]) -> dict[str, Script]:
    """Let every name keep its first answer: a proof is of one moment, and later moments are the send check's."""
    return {name: [script[0]] for name, script in scripts.items()}


def addresses(case: Case, host: str) -> tuple[str, ...]:
    if host in NUMBERS:
        return (NUMBERS[host],)
    return tuple(case.scripts.get(host.lower(), [[]])[0])


def proof_of(case: Case) -> Proof:
    try:
        config = decode_config(case.file.text.replace(PORT, "1"), "case.toml")
    except RuleError:
        assume(False)
        raise
    found = [
        (proof.label, sink.name, sink)
        for proof in proved(config, compile_rules(config.rules, is_offered), lambda host: addresses(case, host))
        for sink in proof.sinks
        if sink.kind == "target"
    ]
    return Proof(
        outside=frozenset((label, name) for label, name, sink in found if sink.verdict == "outside"),
        undecided=frozenset((label, name) for label, name, sink in found if sink.verdict == "checked at send"),
        named=frozenset((label, name) for label, name, sink in found if "named by a client" in sink.ways),
    )


def judged(case: Case, labels: Labels) -> Iterator[tuple[str, str]]:
    """The oracle's own account: every label at every target that accepts it and has an address outside."""
    for target in case.file.targets:
        places = addresses(case, target.host)
        for label in sorted(labels):
            one = frozenset({label})
            if accepts(target, one) and any(
                not inside(one, target.host, place, case.file.boundary) for place in places
            ):
                yield label, target.name


def leaks(case: Case, played: Played) -> Iterator[tuple[str, str]]:
    """Every label that came to an address outside its boundary, with the target whose path it came under."""
    for segment in played.segments:
        target = next((one for one in case.file.targets if segment.path.startswith(one.path)), None)
        for number, labels in played.judge.labels.items():
            if target is not None and mark(number).encode() in segment.data:
                for label in labels:
                    if not inside(frozenset({label}), target.host, segment.address, case.file.boundary):
                        yield label, target.name


@seed(1)
@bounded
@given(cases())
def test_the_proof_says_what_the_oracle_works_out(case: Case) -> None:
    case = Case(case.file, steady(case.scripts), case.habits, case.requests)
    proof = proof_of(case)
    known = frozenset(label for label, _ in proof.named)
    expected = {pair for pair in judged(case, known) if pair in proof.named}
    told = {pair for pair in proof.outside if pair in proof.named}
    unresolved = {pair for pair in told if not addresses(case, _host(case, pair[1]))}
    assert told - unresolved == expected
    assert not proof.undecided & expected


def _host(case: Case, name: str) -> str:
    return next(target.host for target in case.file.targets if target.name == name)


@pytest.mark.timeout(300)
def test_whatever_gets_out_unchecked_the_proof_had_told() -> None:
    seen: set[bool] = set()
    with stage() as runner, without(UNCHECKED):

        @seed(2)
        @bounded
        @given(cases())
        def holds(case: Case) -> None:
            case = Case(case.file, steady(case.scripts), case.habits, case.requests)
            proof = proof_of(case)
            heard = {label for label, _ in proof.named | proof.outside | proof.undecided}
            found = {pair for pair in leaks(case, play(runner, case)) if pair[0] in heard}
            seen.add(bool(found))
            assert found <= proof.outside, f"{found - proof.outside}\n{case}"

        holds()
    assert seen == {True, False}


@pytest.mark.timeout(300)
def test_every_sink_that_the_proof_calls_outside_can_be_reached_unchecked() -> None:
    reached: list[tuple[str, str]] = []
    with stage() as runner, without(UNCHECKED):

        @seed(3)
        @bounded
        @given(cases())
        def holds(case: Case) -> None:
            proof = proof_of(case)
            pair = next((pair for pair in sorted(proof.outside & proof.named) if _reachable(case, *pair)), None)
            assume(pair is not None)
            label, name = pair or ("", "")
            asked = Request(0, 0, f"{name}:mystery", False, (("x-wye-label", label),), {}, {}, None, None)
            assume(all((one, name) in proof.named for one in labels_of(asked, case.file)))
            aimed = Case(
                case.file,
                steady(case.scripts),
                Habits({}, {target.name: "lists" for target in case.file.targets}, (), SINKS[0]),
                (asked,),
            )
            assert (label, name) in set(leaks(aimed, play(runner, aimed))), f"{label} at {name}\n{aimed}"
            reached.append((label, name))

        holds()
    assert len(reached) >= LEAST_REACHED


def _reachable(case: Case, label: str, name: str) -> bool:
    """Whether somebody listens at the first address of a target, and it lies outside."""
    places = addresses(case, _host(case, name))[:1]
    fence = case.file.boundary
    return any(place != DEAD and not inside(frozenset({label}), _host(case, name), place, fence) for place in places)
