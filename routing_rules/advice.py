"""What a rule file may say and probably does not mean: warnings, which keep nothing from serving."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from routing_rules.conditions import Condition
from routing_rules.errors import Path, Problem
from routing_rules.grammar import Grammar, is_detected
from routing_rules.names import Use, split
from routing_rules.plan import PRIVATE
from routing_rules.spec import Label, RuleFile
from routing_rules.spelling import nearest

_GROUPS = ("all", "any", "none")


def advise(file: RuleFile) -> list[Problem]:
    """Return every warning about a rule file that compiles, in no order; `expected` says what would be better."""
    return list(chain.from_iterable(check(file) for check in (_unguarded, _unread, _narrowed, _accepted, _aliases)))


def _unguarded(file: RuleFile) -> Iterator[Problem]:
    """Warn of rules that keep things near and labels that do not: a client may still name the other target."""
    near = {name for name, target in file.target.items() if target.accepts}
    if file.direct == "deny" and not _named_by_alias(file) - near:
        return
    far = sorted(set(file.target) - near)
    for at, rule in enumerate(file.rule):
        used = {(split(use, file.target) or Use(use)).target for use in rule.use}
        if far and rule.when and used <= near and not any(_guards(label, rule.when, file) for label in file.label):
            expected = f"a [[label]] with this `when`: a client that names {far[0]} passes the rules by"
            yield Problem(
                path=("rule", at), found=f"private candidates only, and no label, in {rule.name!r}", expected=expected
            )


def _named_by_alias(file: RuleFile) -> set[str]:
    return {use.target for model in file.alias.values() if (use := split(model, file.target))}


def _guards(label: Label, when: object, file: RuleFile) -> bool:
    """Say whether a label binds what a rule takes: always, under the same condition, or on a fact that it asks for."""
    if not label.when or label.when == when:
        return True
    if isinstance(when, Mapping):
        wanted = when.get("labels")
        if label.add == wanted or (isinstance(wanted, list) and label.add in wanted):
            return True
    asked = set(_condition(when, file).names())
    return bool(asked) and asked <= set(_condition(label.when, file).names())


def _unread(file: RuleFile) -> Iterator[Problem]:
    """Warn of labels that read the text, where nothing labels what cannot be read."""
    names = [set(_condition(label.when, file).names()) for label in file.label]
    covered = {label.add for label, asked in zip(file.label, names, strict=True) if "opaque" in asked or not label.when}
    for at, (label, asked) in enumerate(zip(file.label, names, strict=True)):
        if label.add not in covered and any(map(is_detected, asked)):
            expected = "`opaque = true` as well, as in any = [{ secrets = true }, { opaque = true }]"
            found = f"{label.add!r} for what is found in the text, and not for what no detector can read"
            yield Problem(path=("label", at, "when"), found=found, expected=expected)


def _narrowed(file: RuleFile) -> Iterator[Problem]:
    for at, label in enumerate(file.label):
        for path, table in _tables(label.when, ("label", at, "when"), file, set()):
            if table.get("scope", "all") != "all":
                found = f"a label that looks at a part of the text only: {table['scope']}"
                yield Problem(path=(*path, "scope"), found=found, expected="no scope: a secret may stand anywhere")


def _tables(when: object, path: Path, file: RuleFile, seen: set[str]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Give every table of conditions that a `when` comes to, through facts too, each where it is written."""
    if isinstance(when, str) and when in file.fact and when not in seen:
        seen.add(when)
        yield from _tables(file.fact[when], ("fact", when), file, seen)
    elif isinstance(when, list | tuple):
        for at, one in enumerate(when):
            yield from _tables(one, (*path, at), file, seen)
    elif isinstance(when, Mapping):
        yield path, when
        for group in _GROUPS:
            yield from _tables(when.get(group), (*path, group), file, seen)


def _accepted(file: RuleFile) -> Iterator[Problem]:
    """Warn of labels that a target accepts and nobody adds: most often a misspelling."""
    added = {label.add for label in file.label} | {PRIVATE}
    for name, target in file.target.items():
        for label in target.accepts:
            if label not in added | {"*"}:
                expected = "a label that this file adds, unless callers bring it: " + ", ".join(sorted(added))
                yield Problem(
                    path=("target", name, "accepts"),
                    found=f"the label {label!r}, which nothing adds",
                    expected=expected,
                    nearest=nearest(label, added),
                )


def _aliases(file: RuleFile) -> Iterator[Problem]:
    """Warn of an alias whose model begins with what looks like a misspelt target."""
    for alias, model in file.alias.items():
        prefix, colon, _ = model.partition(":")
        close = nearest(prefix, file.target)
        if colon and close and split(model, file.target) is None:
            expected = "target:model with one of the targets " + ", ".join(file.target)
            yield Problem(path=("alias", alias), found=f"the model {model!r}", expected=expected, nearest=close)


def _condition(when: object, file: RuleFile) -> Condition:
    return Grammar(file.fact, tuple(file.target), [], lambda _: True).rule(when, ())
