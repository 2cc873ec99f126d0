"""What a rule file must not say, beyond what its types already forbid: unknown targets, unreachable rules, no end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from routing_rules.errors import Path, Problem
from routing_rules.names import KIND_PREFIXES, split
from routing_rules.plan import is_label
from routing_rules.rewrite import RESERVED
from routing_rules.spec import Rule, RuleFile
from routing_rules.spelling import nearest


def lint(file: RuleFile) -> list[Problem]:
    """Return every problem of a rule file that decoded; an empty list means that it may serve."""
    return [*_targets(file), *_aliases(file), *_labels(file), *_uses(file), *_rewrites(file.rule), *_reach(file.rule)]


def _targets(file: RuleFile) -> Iterator[Problem]:
    if not file.target:
        yield Problem(path=("target",), found="no target", expected="at least one [target.NAME] that can answer")
    for name in file.target:
        if not name.replace("-", "").replace("_", "").isalnum():
            yield Problem(path=("target", name), found=f"the name {name!r}", expected="letters, digits, '-' and '_'")


def _aliases(file: RuleFile) -> Iterator[Problem]:
    for alias, model in file.alias.items():
        if model in file.alias:
            yield Problem(path=("alias", alias), found=f"another alias, {model!r}", expected="a model, or target:model")


def _labels(file: RuleFile) -> Iterator[Problem]:
    for at, label in enumerate(file.label):
        if not is_label(label.add):
            yield Problem(
                path=("label", at, "add"),
                found=repr(label.add),
                expected="a word of lower-case letters, digits, '-', '_'",
            )


def _uses(file: RuleFile) -> Iterator[Problem]:
    for at, rule in enumerate(file.rule):
        if not rule.use:
            yield Problem(path=("rule", at, "use"), found="an empty list", expected="at least one candidate")
        for use in rule.use:
            if use not in file.target and split(use, file.target) is None:
                yield _unknown_target(use, ("rule", at, "use"), file.target)


def _unknown_target(use: str, path: Path, targets: Iterable[str]) -> Problem:
    prefix = use.partition(":")[0]
    expected = "target or target:model, with one of the targets " + ", ".join(targets)
    if prefix in KIND_PREFIXES:
        expected += f" ({prefix}: needs exactly one target of that kind)"
    return Problem(path=path, found=f"the candidate {use!r}", expected=expected, nearest=nearest(prefix, targets))


def _rewrites(rules: tuple[Rule, ...]) -> Iterator[Problem]:
    for at, rule in enumerate(rules):
        for key, names in (("set", rule.set), ("default", rule.default), ("drop", rule.drop)):
            for name in RESERVED.intersection(names):
                expected = f"any field but {', '.join(sorted(RESERVED))}: `use` names the model, the client the rest"
                yield Problem(path=("rule", at, key), found=f"{name!r}", expected=expected)


def _reach(rules: tuple[Rule, ...]) -> Iterator[Problem]:
    final = next((at for at, rule in enumerate(rules) if not rule.when), None)
    if final is None:
        yield Problem(
            path=("rule",), found="no rule without `when`", expected="a final rule with no `when`, which takes the rest"
        )
    for at, rule in enumerate(rules):
        if final is not None and at > final:
            yield _unreachable(at, f"{rules[final].name!r} before it has no `when`")
        elif twin := next((other for other in rules[:at] if other.when and other.when == rule.when), None):
            yield _unreachable(at, f"{twin.name!r} before it has the same `when`")
        if any(other.name == rule.name for other in rules[:at]):
            yield Problem(path=("rule", at, "name"), found=f"{rule.name!r} again", expected="a name of its own")


def _unreachable(at: int, because: str) -> Problem:
    return Problem(
        path=("rule", at), found="a rule that is never reached", expected=f"a place before or another `when`: {because}"
    )
