"""What a configuration must pass before it serves, beyond loading: its own tests, and the proof of its boundaries."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from proxy.config.load import compiled
from proxy.config.schema import Config
from proxy.facts.detectors import Detectors
from proxy.pipeline.posing import Poser
from proxy.upstream.destination import passed_up
from routing_rules import Path, Problem, RuleBook
from routing_rules.prove import LabelProof, Resolve, Sink, prove
from routing_rules.trials import Mismatch, TrialResult, run_trials


def verify(config: Config, resolve: Resolve | None = None) -> list[Problem]:
    """Check a configuration, run its tests and prove it, by one rule book; an empty list means that it may serve."""
    book, problems = compiled(config)
    return [*problems, *tried(config, book, resolve)] if book is not None else problems


def tried(config: Config, book: RuleBook, resolve: Resolve | None = None) -> list[Problem]:
    """Run the tests of a configuration whose rules compile, and prove it."""
    return [*trial_problems(tested(config, book)), *proof_problems(proved(config, book, resolve), config)]


def tested(config: Config, book: RuleBook) -> list[TrialResult]:
    """Run every `[[test]]`."""
    return run_trials(book, config.test, poser_of(config, book).pose_given)


def proved(config: Config, book: RuleBook, resolve: Resolve | None = None) -> list[LabelProof]:
    """Prove every label. `resolve` gives the addresses of a host name, none where it has none."""
    proofs = prove(config.rules, book, resolve)
    return [msgspec.structs.replace(proof, closed=(*proof.closed, *_records(config))) for proof in proofs]


def _records(config: Config) -> Iterator[Sink]:
    """Give what wye itself writes down; nothing that a labelled request says is in it."""
    log = "no line of it holds the text of any request"
    yield Sink("the log", "file", "standard error", "closed", log, ("every request",))
    remembered = "keyed hashes of longer texts and of replies, for labels to stick, and no text"
    yield Sink("what is remembered", "memory", "the memory of wye", "closed", remembered, ("every labelled request",))
    if config.facts_log.path is not None:
        facts = "of a labelled request it holds no fact: only its id, labels, rule, target and status"
        yield Sink("the facts log", "file", config.facts_log.path, "closed", facts, ("every request",))


def poser_of(config: Config, book: RuleBook) -> Poser:
    """Make what poses requests to the rules of a configuration."""
    passed = frozenset().union(*(passed_up(target) for target in config.target.values()))
    detectors = Detectors(book.facts, config.secrets, config.complexity)
    return Poser(book, passed, config.server.timezone, detectors=detectors)


def trial_problems(results: list[TrialResult]) -> Iterator[Problem]:
    """Write what a test found as problems of the file."""
    for result in results:
        for wrong in result.mismatches:
            yield Problem(
                path=expectation(result, wrong),
                found=f"{wrong.found!r} in the test {result.name!r}",
                expected=repr(wrong.expected),
            )


def expectation(result: TrialResult, wrong: Mismatch) -> Path:
    """Return the path of an expectation that was not met."""
    return ("test", result.at, "expect", *wrong.key.split(".", 1))


def proof_problems(proofs: list[LabelProof], config: Config) -> Iterator[Problem]:
    """Write every sink that lies outside as a problem of its target."""
    for proof in proofs:
        for sink in proof.sinks:
            if sink.verdict == "outside" and sink.name in config.target:
                yield _outside(proof, sink)


def _outside(proof: LabelProof, sink: Sink) -> Problem:
    return Problem(
        path=("target", sink.name, "accepts"),
        found=f"the label {proof.label!r} accepted by a target outside its boundary ({sink.why})",
        expected=f"a target inside it, or its host in [boundary] {proof.label}, or no such label in `accepts`",
    )
