"""What a rule file must not say, beyond what its types already forbid: unknown names, unreachable rules, no end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from math import isfinite

from routing_rules.errors import Path, Problem
from routing_rules.lint_trials import lint_trials
from routing_rules.names import KIND_PREFIXES, NAMED_BY_CLIENT, Use, split
from routing_rules.plan import LONGEST_LABEL, is_label, known_labels
from routing_rules.rewrite import RESERVED
from routing_rules.spec import FromTemplate, Rule, RuleFile, When
from routing_rules.spelling import nearest

_FIELDS = f"any field but {', '.join(sorted(RESERVED))}: `use` names the model, the client the rest"


def lint(file: RuleFile) -> list[Problem]:
    """Return every problem of a rule file that decoded; an empty list means that it may serve."""
    return list(chain.from_iterable(check(file) for check in (*_CHECKS, lint_trials)))


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
            expected = f"a word of lower-case letters, digits, '-', '_', at most {LONGEST_LABEL} of them"
            yield Problem(path=("label", at, "add"), found=repr(label.add), expected=expected)


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


def _weights(file: RuleFile) -> Iterator[Problem]:
    for at, rule in enumerate(file.rule):
        path: Path = ("rule", at, "weights")
        used = {(split(use, file.target) or Use(use)).target for use in rule.use}
        if rule.weights and rule.order != "weighted":
            yield Problem(path=path, found="weights", expected='order = "weighted" beside them')
        if rule.order == "weighted" and not sum(rule.weights.values()) > 0:
            yield Problem(path=path, found="no weight above 0", expected="a share for each target, as in { local = 3 }")
        elif not isfinite(sum(rule.weights.values())):
            yield Problem(path=path, found="weights without end", expected="shares that can be added up")
        for name, weight in rule.weights.items():
            if name not in used:
                expected = "a target of `use`: " + ", ".join(sorted(used))
                close = nearest(name, used)
                yield Problem(path=(*path, name), found=f"the target {name!r}", expected=expected, nearest=close)
            if not weight >= 0:
                yield Problem(path=(*path, name), found=str(weight), expected="0 or more")


def _rewrites(file: RuleFile) -> Iterator[Problem]:
    for at, rule in enumerate(file.rule):
        for key, names in (("set", rule.set), ("default", rule.default), ("drop", rule.drop), ("hash", rule.hash)):
            for name in RESERVED.intersection(names):
                yield Problem(path=("rule", at, key), found=f"{name!r}", expected=_FIELDS)
        for name in set(rule.hash).intersection((*rule.set, *rule.drop)):
            expected = "a field that is neither set nor dropped by the same rule"
            yield Problem(path=("rule", at, "hash"), found=f"{name!r}", expected=expected)


def _prompts(file: RuleFile) -> Iterator[Problem]:
    for at, rule in enumerate(file.rule):
        for key, text in (("prepend", rule.prompt.prepend), ("append", rule.prompt.append)):
            if isinstance(text, FromTemplate) and text.template not in file.template:
                yield Problem(
                    path=("rule", at, "prompt", key),
                    found=f"the template {text.template!r}",
                    expected="one of [template]: " + (", ".join(file.template) or "none is defined"),
                    nearest=nearest(text.template, file.template),
                )


def _reach(file: RuleFile) -> Iterator[Problem]:
    rules = file.rule
    final = next((at for at, rule in enumerate(rules) if _takes_all(rule)), None)
    if final is None:
        yield Problem(
            path=("rule",), found="no rule without `when`", expected="a final rule with no `when`, which takes the rest"
        )
    for at, rule in enumerate(rules):
        if final is not None and at > final:
            yield _unreachable(at, f"{rules[final].name!r} before it has no `when`")
        elif twin := next((other for other in rules[:at] if other.when and _same(other.when, rule.when)), None):
            yield _unreachable(at, f"{twin.name!r} before it has the same `when`")


def _unreachable(at: int, because: str) -> Problem:
    return Problem(
        path=("rule", at), found="a rule that is never reached", expected=f"a place before or another `when`: {because}"
    )


def _takes_all(rule: Rule) -> bool:
    return rule.when is None or rule.when == {}


def _same(one: When, other: When | None) -> bool:
    """Say whether two conditions are the same, or the first holds whenever the other does, as lists of facts tell."""
    if isinstance(other, dict) or isinstance(one, dict) or not other:
        return one == other
    first, second = ({when} if isinstance(when, str) else set(when) for when in (one, other))
    return second <= first


def _names(file: RuleFile) -> Iterator[Problem]:
    """Names are how logs, headers and tests point at a thing, so each stands for one."""
    named = {"rule": [rule.name for rule in file.rule], "test": [trial.name for trial in file.test]}
    for table, names in named.items():
        seen = {NAMED_BY_CLIENT} if table == "rule" else set()
        for at, name in enumerate(names):
            if name in seen:
                yield Problem(path=(table, at, "name"), found=f"{name!r} again", expected="a name of its own")
            elif not name.strip():
                yield Problem(path=(table, at, "name"), found="an empty name", expected="a sentence that says what for")
            seen.add(name)


def _label_conditions(file: RuleFile) -> Iterator[Problem]:
    """Refuse a rule that asks for a label which nobody can add: it is a misspelling."""
    known = known_labels(file)
    for path, table in _tables(file):
        wanted = table.get("labels")
        for label in [wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list) else ():
            word = label.removeprefix("!=").strip() if isinstance(label, str) else ""
            if word and is_label(word) and word not in known:
                yield Problem(
                    path=(*path, "labels"),
                    found=f"the label {word!r}",
                    expected="one that is added, accepted or bounded in this file: " + ", ".join(sorted(known)),
                    nearest=nearest(word, known),
                )


def _tables(file: RuleFile) -> Iterator[tuple[Path, dict[str, object]]]:
    """Give every table of conditions with its place."""
    whens: list[tuple[Path, object]] = [(("fact", name), table) for name, table in file.fact.items()]
    whens += [(("rule", at, "when"), rule.when) for at, rule in enumerate(file.rule)]
    while whens:
        path, when = whens.pop()
        if isinstance(when, dict):
            yield path, when
            for group in ("all", "any", "none"):
                members = when.get(group)
                whens += [
                    ((*path, group, at), one) for at, one in enumerate(members if isinstance(members, list) else ())
                ]


_CHECKS = (_targets, _aliases, _labels, _uses, _weights, _rewrites, _prompts, _reach, _names, _label_conditions)
