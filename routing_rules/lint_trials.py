"""What a `[[test]]` must not say: names that the file does not have, and nothing that it expects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from routing_rules.errors import Path, Problem
from routing_rules.names import NAMED_BY_CLIENT, split
from routing_rules.plan import known_labels
from routing_rules.spec import Expect, Given, RuleFile
from routing_rules.spelling import nearest

_LABEL_HEADER = "x-wye-label"  # a caller may bring any label
_STATUSES = range(200, 600)


def lint_trials(file: RuleFile) -> Iterator[Problem]:
    """Yield every problem of the file's tests."""
    for at, trial in enumerate(file.test):
        path: Path = ("test", at)
        if trial.expect == Expect():
            expected = "at least one of " + ", ".join(Expect.__struct_fields__)
            yield Problem(path=path, found="a test that expects nothing", expected=expected)
        yield from _targets(trial.given, trial.expect, file, path)
        yield from _labels(trial.given, trial.expect, file, path)
        yield from _outcome(trial.expect, file, path)


def _targets(given: Given, expect: Expect, file: RuleFile, path: Path) -> Iterator[Problem]:
    for name in given.down:
        yield from _known("target", name, file.target, (*path, "given", "down"))
    for name in given.busy:
        yield from _known("target", name, file.target, (*path, "given", "busy"))
    for name in expect.never:
        yield from _known("target", name, file.target, (*path, "expect", "never"))
    if expect.target is not None and split(expect.target, file.target) is None:
        yield from _known("target", expect.target, file.target, (*path, "expect", "target"))


def _labels(given: Given, expect: Expect, file: RuleFile, path: Path) -> Iterator[Problem]:
    if any(name.lower() == _LABEL_HEADER for name in given.headers):
        return
    known = known_labels(file)
    if expect.label is not None:
        yield from _known("label", expect.label, known, (*path, "expect", "label"))
    for label in expect.labels or ():
        yield from _known("label", label, known, (*path, "expect", "labels"))


def _outcome(expect: Expect, file: RuleFile, path: Path) -> Iterator[Problem]:
    if expect.rule is not None:
        rules = [*(rule.name for rule in file.rule), NAMED_BY_CLIENT]
        yield from _known("rule", expect.rule, rules, (*path, "expect", "rule"))
    if expect.status is not None and expect.status not in _STATUSES:
        expected = "a status of HTTP, 200 to 599"
        yield Problem(path=(*path, "expect", "status"), found="another number", expected=expected)
    if expect.attempts is not None and expect.attempts < 0:
        yield Problem(path=(*path, "expect", "attempts"), found="a number below 0", expected="0 or more")


def _known(noun: str, name: str, known: Iterable[str], path: Path) -> Iterator[Problem]:
    names = list(known)
    if name not in names:
        close = nearest(name.partition(":")[0] if noun == "target" else name, names)
        expected = f"a {noun} of this file: " + (", ".join(sorted(names)) or "there is none")
        yield Problem(path=path, found=f"the {noun} {name!r}", expected=expected, nearest=close)
