"""An explanation for a person: what becomes of the request and why, then every step below it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from proxy.pipeline.explaining import VALUE, CandidateTold, Told
from routing_rules.conditions import Trace, shown
from routing_rules.diff import read_fact
from routing_rules.explain import LabelTrace, RuleTrace
from routing_rules.facts import LIVE, UNKNOWN
from routing_rules.live import in_words as live_words
from routing_rules.names import NAMED_BY_CLIENT
from routing_rules.rewrite import Change

_MARKS = {True: "✓", False: "✗", None: "?"}
_OUTCOMES = {"matches": "✓", "does not match": "✗", "cannot be told": "?", "not asked": "·"}
_UNSURE = "detected, not guaranteed"
_ASKED_NOBODY = "unknown, for nobody is asked here; a wye that serves knows it"
_NO_RULE = ", so no rule chooses"


def lines(told: Told, *, recorded: bool = False) -> Iterator[str]:
    """Write an explanation, line by line. `recorded` says that it is of a past request, whose body is gone."""
    yield " ".join(_verdict(told))
    yield from _section("Labels", _labels(told))
    yield from _section("Rules, from top to bottom; the first that matches decides", _rules(told))
    yield from _section("Candidates, in this order", _candidates(told))
    yield from _section("Rewrite", _rewrite(told, recorded=recorded))
    yield from _section("Facts", _facts(told))


def _section(title: str, content: Iterator[str]) -> Iterator[str]:
    body = list(content)
    if body:
        yield from ("", title, *body)


def _verdict(told: Told) -> Iterator[str]:
    """Say in a few sentences what becomes of the request, and why."""
    standing = [one for one in told.candidates if one.struck is None]
    up = [one for one in standing if one.down is None]
    labels = _listed([one.label for one in told.labels])
    if told.outward:
        yield f"It is refused (400): a request labelled {labels} may not have an upstream fetch a URL or run a tool of"
        yield f"its own, and {told.outward} would. Nothing is sent."
    elif up:
        yield f"It goes to {_name(up[0])}, {_by(told)}{_next(up[1:])}."
        yield from (f"{one.target} comes before it, but is down." for one in standing[: standing.index(up[0])])
    elif standing:
        are = "is" if len(standing) == 1 else "are"
        yield f"Nobody can answer ({told.status}): {_listed([_name(one) for one in standing])} may have it,"
        yield f"{_by(told)}, but {are} down."
    else:
        yield f"It is refused ({told.status}){_refusal(told)}. Nothing is sent."
    if standing:
        yield from (f"Not to {one.target}, which {one.struck}." for one in dict.fromkeys(told.candidates) if one.struck)
    yield from (f"It is labelled {one.label}: {_reason(one.why, told, one.label)}." for one in told.labels)


def _refusal(told: Told) -> str:
    struck = _listed(list(dict.fromkeys(f"{one.target} {one.struck}" for one in told.candidates)))
    if told.skipped:
        return f": {told.skipped.removesuffix(_NO_RULE)}, and {struck}"
    return f": the rule “{told.rule}” decides, and {struck}"


def _by(told: Told) -> str:
    if told.rule != NAMED_BY_CLIENT:
        return f"by the rule “{told.rule}”"
    return "because " + (told.skipped or "the client names it").removesuffix(_NO_RULE)


def _next(others: list[CandidateTold]) -> str:
    return f"; should that fail, to {', then '.join(_name(one) for one in others)}" if others else ""


def _reason(why: str, told: Told, label: str) -> str:
    """Give a label's reason; where the file gives none, the condition that was met."""
    if why != "its condition holds":
        return why
    traces = [_only(table.why) for table in told.tables if table.label == label and table.binds]
    return next((trace.says for trace in traces if not trace.parts), why)


def _labels(told: Told) -> Iterator[str]:
    if not told.labels:
        yield "  none, so it may go to any target"
    own = {table.label for table in told.tables if table.binds}
    yield from (f"  ✓ {one.label}: {one.why}" for one in told.labels if one.label not in own)
    for table in told.tables:
        yield f"  {_MARKS[table.why.outcome]} {table.label}{_binding(table, told)}"
        yield from _parts(table.why, 6)


def _binding(table: LabelTrace, told: Told) -> str:
    if not table.binds:
        return ": its condition does not hold"
    why = next((one.why for one in told.labels if one.label == table.label), "")
    return f": {_reason(why, told, table.label)}" + (f" ({_UNSURE})" if table.detected else "")


def _rules(told: Told) -> Iterator[str]:
    if told.skipped:
        yield f"  {told.skipped}"
    for rule in told.rules:
        yield from _rule(rule)


def _rule(rule: RuleTrace) -> Iterator[str]:
    yield f"  {_OUTCOMES[rule.outcome]} {rule.rule}" + ("" if rule.outcome == "matches" else f": {rule.outcome}")
    if rule.why is not None:
        yield from _parts(rule.why, 6)


def _parts(trace: Trace, indent: int) -> Iterator[str]:
    """Write what a condition consists of; that all of it must hold goes without saying."""
    trace = _only(trace)
    if trace.says == "all of":
        for part in trace.parts:
            yield from _trace(part, indent)
    else:
        yield from _trace(trace, indent)


def _trace(trace: Trace, indent: int) -> Iterator[str]:
    trace = _only(trace)
    yield f"{'':{indent}}{_MARKS[trace.outcome]} {_in_words(trace)}"
    for part in trace.parts:
        yield from _trace(part, indent + 4)


def _only(trace: Trace) -> Trace:
    """Pass over a group that holds nothing but one condition."""
    while trace.says in {"all of", "any of"} and len(trace.parts) == 1:
        (trace,) = trace.parts
    return trace


def _in_words(trace: Trace) -> str:
    name, colon, _ = trace.says.partition(": ")
    unasked = trace.outcome is None and colon and name.partition(".")[0] in LIVE
    return f"{name}: {_ASKED_NOBODY}" if unasked else trace.says


def _candidates(told: Told) -> Iterator[str]:
    if told.order:
        yield f"  ({told.order})"
    place = 0
    for one in dict.fromkeys(told.candidates):
        if one.struck is not None:
            yield f"  ✗ {one.target}: struck out, it {one.struck}"
        else:
            place += 1
            yield f"  {place}. {_name(one)}" + (f" (down: {one.down})" if one.down else "")


def _rewrite(told: Told, *, recorded: bool) -> Iterator[str]:
    if all(one.struck for one in told.candidates):
        return
    if recorded and told.rewrite:
        yield "  (the body is not recorded; what it held already may stay as it was)"
    for change in told.rewrite:
        yield from _change(change)
    if not told.rewrite:
        yield "  none, the body goes as it came"


def _change(change: Change) -> Iterator[str]:
    if change.field == "messages":
        yield f"  + messages: {_json(change.after)}, where … is what the user said last"
        return
    if change.before is not None:
        yield f"  - {change.field}: {_json(change.before)}"
    if change.after is not None:
        yield f"  + {change.field}: {_json(change.after)}"


def _facts(told: Told) -> Iterator[str]:
    for name, written in told.facts.items():
        table = written if isinstance(written, dict) and VALUE in written else {VALUE: written}
        yield f"  {_fact(name)}: {_found(name, table[VALUE])}"
        for detail, value in table.items():
            if detail != VALUE:
                yield from _detail(detail.replace("_", " "), value)


def _detail(name: str, value: Any) -> Iterator[str]:
    """Write what more is known of a fact: on one line, or a line for each row of a table."""
    rows = value if isinstance(value, list | tuple) and value and all(isinstance(one, dict) for one in value) else ()
    for row in rows:
        cells = dict(row)
        title = cells.pop("name", name)
        yield f"      {title}: " + ", ".join(f"{cell} {_plain(one)}" for cell, one in cells.items())
    if not rows:
        yield f"      {name}: {_plain(value)}"


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value)) or "none"
    return value if isinstance(value, str) else shown(read_fact(value))


def _fact(name: str) -> str:
    """Write a fact's name as a rule file spells the condition: `matches (user) PATTERN` for `matches@user:PATTERN`."""
    kind, colon, pattern = name.partition(":")
    kind, at, scope = kind.partition("@")
    family, dot, member = kind.partition(".")
    kind = f"pii {member}" if family == "pii" and dot else kind
    return kind + (f" ({scope})" if at else "") + (f" {_json(pattern)}" if colon else "")


def _found(name: str, value: Any) -> str:
    found = read_fact(value)
    if found is UNKNOWN and name.partition(".")[0] in LIVE:
        return _ASKED_NOBODY
    return live_words(name, found) or shown(found)


def _name(one: CandidateTold) -> str:
    return f"{one.target}:{one.model}" if one.model else one.target


def _listed(words: list[str]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else "".join(words)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
