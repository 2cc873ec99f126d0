"""Rules that keep requests near, and whether a label keeps them there.

A rule alone is no guard: what it cannot tell is unknown and matches no rule, so a later one takes the request. A label
is, for it binds where its condition is unknown, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from routing_rules.conditions import Condition
from routing_rules.errors import Problem
from routing_rules.grammar import Grammar
from routing_rules.names import Use, split
from routing_rules.spec import Label, Rule, RuleFile

_PRIVATE_LEVELS = frozenset({"high", "max"})  # of the preference: whoever states one adds the label `private`
# What a request has one of: two conditions that want different ones never hold for the same request.
_SINGLE = frozenset({"endpoint", "stream", "tools", "images", "audio", "files", "opaque", "response_format"})


def unguarded(file: RuleFile) -> Iterator[Problem]:
    """Warn of a rule whose candidates are all private, where no label guards it and a later rule may send it out."""
    near = {name for name, target in file.target.items() if target.accepts}
    for at, rule in enumerate(file.rule):
        if not rule.when or not _targets(rule, file) <= near or _is_guarded(rule.when, file):
            continue
        later = (one for one in file.rule[at + 1 :] if not _excludes(rule.when, one.when))
        if out := next((one for one in later if _targets(one, file) - near), None):
            far = ", ".join(sorted(_targets(out, file) - near))
            expected = f"a [[label]] with this `when`: what it cannot tell, {out.name!r} may send to {far}"
            found = f"private candidates only, and no label, in {rule.name!r}"
            yield Problem(path=("rule", at), found=found, expected=expected)


def condition_of(when: object, file: RuleFile) -> Condition:
    """Compile what a `when` of a file says, whatever is wrong with it."""
    return Grammar(file.fact, tuple(file.target), [], lambda _: True).rule(when, ())


def _targets(rule: Rule, file: RuleFile) -> set[str]:
    return {(split(use, file.target) or Use(use)).target for use in rule.use}


def _is_guarded(when: object, file: RuleFile) -> bool:
    return _is_stated(when, file, ()) or any(_guards(label, when, file) for label in file.label)


def _guards(label: Label, when: object, file: RuleFile) -> bool:
    """Say whether a label binds what a rule takes: always, under the same condition, or on a fact that it asks for."""
    if not label.when or label.when == when:
        return True
    if isinstance(when, Mapping):
        wanted = when.get("labels")
        if label.add == wanted or (isinstance(wanted, list) and label.add in wanted):
            return True
    asked = set(condition_of(when, file).names())
    return bool(asked) and asked <= set(condition_of(label.when, file).names())


def _is_stated(when: object, file: RuleFile, inside: tuple[str, ...]) -> bool:
    """Say whether a condition holds only where the caller states a high privacy level, which brings a label."""
    match when:
        case str():
            return when in file.fact and when not in inside and _is_stated(file.fact[when], file, (*inside, when))
        case list() | tuple():
            return bool(when) and all(_is_stated(one, file, inside) for one in when)
        case Mapping():
            groups = [_is_stated(one, file, inside) for one in _listed(when.get("all"))]
            return _states_level(when) or any(groups) or _is_stated(_listed(when.get("any")), file, inside)
    return False


def _states_level(table: Mapping[str, object]) -> bool:
    wishes = table.get("preference")
    wanted = wishes.get("privacy_level") if isinstance(wishes, Mapping) else table.get("preference.privacy_level")
    levels = _listed(wanted)
    return bool(levels) and all(isinstance(one, str) and one in _PRIVATE_LEVELS for one in levels)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _excludes(one: object, other: object) -> bool:
    """Say whether two conditions surely never hold for the same request."""
    if not (isinstance(one, Mapping) and isinstance(other, Mapping)):
        return False
    return any(_differ(one[key], other[key]) for key in _SINGLE.intersection(one, other))


def _differ(one: object, other: object) -> bool:
    words = [*_listed(one), *_listed(other)]
    if any(isinstance(word, str) and (word.startswith(("!", "=")) or {"*", "?"} & set(word)) for word in words):
        return False
    first, second = ({str(word).casefold() for word in _listed(side)} for side in (one, other))
    return not first & second
