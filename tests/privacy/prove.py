"""The property, and one way to run it: as many cases as are asked for, stopped by the first that breaks it."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import UnsatisfiedAssumption

from routing_rules import RuleError
from tests.privacy.oracle import BROKEN, LEAK, REACHED, TRIED, UNLABELLED
from tests.privacy.play import Case, cases, play, stage
from tests.privacy.tally import Tally

ALL_KINDS = (LEAK, REACHED, TRIED, UNLABELLED, BROKEN)


class Broken(AssertionError):
    """A case that breaks the property, and how many were played until it came."""

    def __init__(self, what: str, cases_played: int) -> None:
        super().__init__(what)
        self.cases_played = cases_played


def run_rounds(rounds: int, count: int, *, shrinks: bool = True, kinds: Collection[str] = ALL_KINDS) -> Tally:
    """Play rounds, each with a seed of its own and always the same: one long round would vary early cases too much.

    Raises Broken.
    """
    total = Tally()
    for number in range(rounds):
        try:
            total += run_cases(count, number=number, shrinks=shrinks, kinds=kinds)
        except Broken as broken:
            broken.cases_played += total.cases
            raise
    return total


def run_cases(count: int, *, number: int, shrinks: bool = True, kinds: Collection[str] = ALL_KINDS) -> Tally:
    """Play `count` cases, drawn by a seed. Raises Broken with the case, made small if it `shrinks`."""
    tally = Tally()
    phases = [Phase.generate, Phase.shrink] if shrinks else [Phase.generate]
    with stage() as runner:

        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=phases,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        @given(cases())
        def holds(case: Case) -> None:
            try:
                played = play(runner, case)
            except RuleError:
                tally.refused_files += 1
                raise UnsatisfiedAssumption from None
            tally.add(case, played)
            found = [violation for violation in played.violations if violation.kind in kinds]
            if found:
                raise Broken("\n".join(f"{one.kind}: {one.what}" for one in found) + f"\n\n{case}", tally.cases)

        seed(number)(holds)()
    return tally
