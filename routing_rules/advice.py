"""What a rule file may say and probably does not mean: warnings, which keep nothing from serving."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from routing_rules.errors import Path, Problem
from routing_rules.grammar import is_detected
from routing_rules.guards import condition_of, unguarded
from routing_rules.names import split
from routing_rules.plan import PRIVATE
from routing_rules.prove import port_of
from routing_rules.spec import RuleFile
from routing_rules.spelling import nearest

_GROUPS = ("all", "any", "none")
OLLAMA_PORT = "11434"


def advise(file: RuleFile) -> list[Problem]:
    """Return every warning about a rule file that compiles, in no order; `expected` says what would be better."""
    checks = (unguarded, _unread, _narrowed, _accepted, _aliases, _disguised)
    return list(chain.from_iterable(check(file) for check in checks))


def _disguised(file: RuleFile) -> Iterator[Problem]:
    """Warn of an Ollama that is not declared as one: its own cloud is closed to labelled requests only where it is."""
    for name, target in file.target.items():
        if target.kind != "ollama" and port_of(target.url) == OLLAMA_PORT:
            expected = 'kind = "ollama": only then is a labelled request kept from models that Ollama runs in its cloud'
            found = f"kind = {target.kind!r} at the port of an Ollama ({OLLAMA_PORT})"
            yield Problem(path=("target", name, "kind"), found=found, expected=expected)


def _unread(file: RuleFile) -> Iterator[Problem]:
    """Warn of labels that read the text, where nothing labels what cannot be read."""
    names = [set(condition_of(label.when, file).names()) for label in file.label]
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
