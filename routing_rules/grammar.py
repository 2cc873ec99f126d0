"""From what `when` says to a condition: which keys there are, and what each of them asks of which fact.

`when` is a table of conditions (all of them), the name of a `[fact]`, or a list of names (any of them). `all`, `any`
and `none` take names or inline tables, one level deep; deeper logic names a fact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any as Anything

from routing_rules import values
from routing_rules.conditions import ALWAYS, All, Any, Check, Condition, Named, Not
from routing_rules.errors import Path, Problem
from routing_rules.facts import LIVE, RULES_ONLY
from routing_rules.patterns import fault
from routing_rules.spelling import nearest
from routing_rules.toml_text import spelt
from routing_rules.values import Test

SCOPES = ("all", "user", "last_user", "system")
PII = ("email", "phone", "card", "iban", "ssn", "ip", "address", "name", "date_of_birth")
_DEEPEST = 16  # facts inside facts; deeper than that nobody follows, neither a reader nor the stack
GROUPS = ("all", "any", "none")
SCOPED = ("matches", "contains", "secrets", "pii")

PLAIN: dict[str, Callable[[object], Test]] = {
    **dict.fromkeys(("model", "endpoint", "response_format", "reasoning_effort", "task", "language"), values.text),
    **dict.fromkeys(("key", "group", "user", "tool_names", "labels"), values.text),
    **dict.fromkeys(("stream", "tools", "images", "audio", "files", "opaque"), values.flag),
    **dict.fromkeys(("prompt_tokens", "max_tokens", "total_tokens", "messages", "turns"), values.number),
    "complexity": values.score,
    "cost": values.number,
    "budget_used": values.share,
    "hour": values.hours,
    "weekday": values.weekdays,
}
FAMILIES: dict[str, Callable[[object], Test]] = {
    **dict.fromkeys(("header", "metadata", "preference"), values.field),
    **dict.fromkeys(("healthy", "warm"), values.flag),
    "busy": values.share,
    "first_token": values.duration,
    "tokens_per_second": values.number,
}
KEYS = (*PLAIN, *SCOPED, "scope", *(f"{family}.NAME" for family in FAMILIES), *GROUPS)

# The conditions whose answer is as sure as the request itself; the others detect, and may miss.
_DETECTED = ("matches", "contains", "secrets", "pii", "complexity", "task", "language")


def is_fact(name: str) -> bool:
    """Say whether a fact may have this name: those that conditions ask for, but for the patterns of a text."""
    bare, _, scope = name.partition("@")
    family, _, member = bare.partition(".")
    if bare == "secrets" or (family == "pii" and member in PII):
        return scope in SCOPES[1:] or "@" not in name
    return name in PLAIN or (family in FAMILIES and bool(member))


def is_detected(fact: str) -> bool:
    """Say whether a fact is found in the text by a detector or a score: it may be missed, so it guarantees nothing."""
    return fact.partition(":")[0].partition("@")[0].partition(".")[0] in _DETECTED


class Grammar:
    """Compiles the conditions of one rule file, and gathers what is wrong with them."""

    def __init__(
        self,
        facts: Mapping[str, Anything],
        targets: Sequence[str],
        problems: list[Problem],
        offered: Callable[[str], bool],
    ) -> None:
        """Take the file's `[fact]` tables and targets. `offered` says whether a fact can be had, by its name."""
        self._offered = offered
        self._written = facts
        self._targets = targets
        self._problems = problems
        self._compiled: dict[str, Condition] = {}
        self._open: dict[str, int] = {}  # the facts that are being compiled, each with how deep those in it go
        self._depths: dict[str, int] = {}

    def facts(self) -> None:
        """Compile every `[fact]`, used or not."""
        for name in self._written:
            self._fact(name, ("fact", name))

    def label(self, when: object, path: Path) -> Condition:
        """Compile what a `[[label]]` asks: the request and its caller, never what only rules may look at."""
        condition = self.rule(when, path)
        for name in sorted(set(condition.names())):
            if name.partition(".")[0] in RULES_ONLY:
                expected = "the request and its caller only: labels come first, and must not depend on what is chosen"
                self._refuse(path, f"the condition {name!r} in a label", expected)
        return condition

    def rule(self, when: object, path: Path) -> Condition:
        """Compile what a `[[rule]]` asks; without `when` it always holds."""
        match when:
            case None:
                return ALWAYS
            case str():
                return self._fact(when, path)
            case list() | tuple() if when:
                return Any(tuple(self._fact(name, (*path, at)) for at, name in enumerate(when)))
            case Mapping():
                return self._table(when, path)
        expected = "a table of conditions, the name of a fact, or a list of names; no `when` at all means always"
        return self._refuse(path, spelt(when), expected)

    def _table(self, table: Mapping[str, Anything], path: Path, depth: int = 0) -> Condition:
        scope = self._scope(table, path)
        parts = [
            part
            for key, wanted in table.items()
            if key != "scope"
            for part in self._entry(key, wanted, (*path, key), scope, depth)
        ]
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _scope(self, table: Mapping[str, Anything], path: Path) -> str:
        scope = table.get("scope", "all")
        if scope not in SCOPES:
            close = nearest(scope, SCOPES) if isinstance(scope, str) else None
            self._refuse((*path, "scope"), spelt(scope), "one of " + ", ".join(SCOPES), close)
            return "all"
        if "scope" in table and not any(key in table for key in SCOPED):
            self._refuse((*path, "scope"), "a scope alone", "one of " + ", ".join(SCOPED) + " beside it, to narrow")
        return str(scope)

    def _entry(self, key: str, wanted: object, path: Path, scope: str, depth: int) -> Iterator[Condition]:
        family, _, member = key.partition(".")
        if key in GROUPS:
            yield self._group(key, wanted, path, depth)
        elif key in SCOPED:
            yield from self._scoped(key, wanted, path, scope)
        elif family in FAMILIES:
            yield from self._family(family, wanted, path, member)
        elif key in PLAIN:
            yield from self._check(key, key, wanted, PLAIN[key], path)
        else:
            expected = "one of " + ", ".join(KEYS)
            self._refuse(path, f"the condition {key!r}", expected, nearest(key, [*KEYS, *FAMILIES]))

    def _group(self, key: str, wanted: object, path: Path, depth: int) -> Condition:
        if not isinstance(wanted, list) or not wanted:
            return self._refuse(path, spelt(wanted), "a list of fact names and tables of conditions")
        if depth:
            return self._refuse(
                path, f"`{key}` inside another group", "one level: give the inner one a name, [fact.NAME]"
            )
        parts = tuple(self._member(one, (*path, at)) for at, one in enumerate(wanted))
        return All(parts) if key == "all" else Any(parts) if key == "any" else Not(Any(parts))

    def _member(self, wanted: object, path: Path) -> Condition:
        if isinstance(wanted, str):
            return self._fact(wanted, path)
        if isinstance(wanted, Mapping) and wanted:
            return self._table(wanted, path, depth=1)
        return self._refuse(path, spelt(wanted), "the name of a fact, or a table of conditions")

    def _fact(self, name: object, path: Path) -> Condition:
        """Compile a `[fact]` where it is used first. Raises nothing: what is wrong stands in `problems`."""
        if not isinstance(name, str) or name not in self._written:
            close = nearest(name, self._written) if isinstance(name, str) else None
            known = ", ".join(self._written) or "none is defined"
            return self._refuse(path, f"the fact {spelt(name)}", f"a [fact.NAME] of this file: {known}", close)
        if name in self._open:
            names = list(self._open)
            way = " → ".join((*names[names.index(name) :], name))
            return self._refuse(path, f"a fact that refers to itself: {way}", "facts that end in conditions")
        if name not in self._compiled:
            self._compiled[name] = self._opened(name)
        self._note_depth(self._depths[name], path)
        return self._compiled[name]

    def _opened(self, name: str) -> Condition:
        written, path = self._written[name], ("fact", name)
        self._open[name] = 0
        if len(self._open) > _DEEPEST:
            condition = self._too_deep(path)
            self._open[name] = -1  # told once, not again by everyone who uses it
        elif not written:
            condition = self._refuse(path, "no condition", "at least one: a fact is a condition with a name")
        else:
            condition = self.rule(written, path)
        self._depths[name] = self._open.pop(name) + 1
        return Named(name, condition)

    def _note_depth(self, depth: int, path: Path) -> None:
        """Remember how deep the facts in the one that is being compiled go."""
        if not self._open:
            return
        name = next(reversed(self._open))
        if depth >= _DEEPEST:
            self._too_deep(path)
            depth = 0
        self._open[name] = max(self._open[name], depth)

    def _too_deep(self, path: Path) -> Condition:
        return self._refuse(path, "facts inside facts without end", f"at most {_DEEPEST} of them inside each other")

    def _family(self, family: str, named: object, path: Path, dotted: str) -> Iterator[Condition]:
        """Compile `header.NAME`, written with a dot in the key (`dotted` is the name) or as a table of names."""
        if dotted:
            yield from self._one_of_family(family, dotted, named, path)
        elif isinstance(named, Mapping) and named:
            for name, wanted in named.items():
                yield from self._one_of_family(family, name, wanted, (*path, name))
        else:
            self._refuse(path, spelt(named), f"a name under it, as in {family}.NAME")

    def _one_of_family(self, family: str, name: str, wanted: object, path: Path) -> Iterator[Condition]:
        if family in LIVE and name not in self._targets:
            known = "the name of a target: " + ", ".join(self._targets)
            self._refuse(path, f"the target {name!r}", known, nearest(name, self._targets))
        member = name.lower() if family == "header" else name
        yield from self._check(f"{family}.{member}", f"{family}.{name}", wanted, FAMILIES[family], path)

    def _scoped(self, key: str, wanted: object, path: Path, scope: str) -> Iterator[Condition]:
        at = "" if scope == "all" else f"@{scope}"
        if key == "secrets":
            yield from self._check(f"secrets{at}", _said(key, at), wanted, values.flag, path)
            return
        listed = [wanted] if isinstance(wanted, str) else wanted
        kinds = f": {', '.join(PII)}" if key == "pii" else ""
        if not isinstance(listed, list) or not listed or not all(isinstance(one, str) and one for one in listed):
            self._refuse(path, spelt(wanted), f"a string, or a list of them{kinds}")
            return
        checks = tuple(self._one_scoped(key, one, at, path) for one in listed)
        yield checks[0] if len(checks) == 1 else Any(checks)

    def _one_scoped(self, key: str, one: str, at: str, path: Path) -> Condition:
        fact = f"pii.{one}{at}" if key == "pii" else f"{key}{at}:{one}"
        if key == "pii" and one not in PII:
            return self._refuse(path, spelt(one), "some of " + ", ".join(PII), nearest(one, PII))
        if key == "matches" and (reason := fault(one)):
            expected = f"a regular expression of RE2, which says: {reason}"
            return self._refuse(path, f"the pattern {spelt(one)}", expected)
        return self._made(fact, f"{_said(key, at)} {spelt(one)}", values.flag(True), path)

    def _check(
        self, fact: str, key: str, wanted: object, make: Callable[[object], Test], path: Path
    ) -> Iterator[Condition]:
        try:
            test = make(wanted)
        except ValueError as error:
            self._refuse(path, spelt(wanted), str(error))
            return
        yield self._made(fact, f"{key} {spelt(wanted)}", test, path)

    def _made(self, fact: str, said: str, test: Test, path: Path) -> Condition:
        if not self._offered(fact):
            name = fact.partition("@")[0].partition(":")[0]
            return self._refuse(path, f"the condition {name!r}", "one that is built: it is planned, not yet here")
        return Check(fact, said, test.holds, test.gap)

    def _refuse(self, path: Path, found: str, expected: str, close: str | None = None) -> Condition:
        self._problems.append(Problem(path=path, found=found, expected=expected, nearest=close))
        return ALWAYS


def _said(key: str, at: str) -> str:
    return f"{key} ({at[1:]})" if at else key
