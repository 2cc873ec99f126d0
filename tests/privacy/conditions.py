"""Random conditions, each with its own account of when it holds: the oracle asks this file, never `routing_rules`.

A new condition is one line in `CONDITIONS` (or, where only rules may use it, in `RULE_CONDITIONS`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.privacy.requests import ENDPOINT, MODELS, TEAMS, Request

Holds = Callable[[Request], bool]


@dataclass(frozen=True)
class Clause:
    """A value as a rule file writes it, and whether it holds for a request."""

    value: Any
    holds: Holds


def fits(pattern: str, text: str | None) -> bool:
    """Whether a text fulfils one string of a condition: a glob in any case of letters, or `!=` one."""
    if pattern.startswith("!="):
        return text is None or not fits(pattern[2:].strip(), text)
    if text is None:
        return False
    spelt = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern.casefold())
    return re.fullmatch(spelt, text.casefold(), re.DOTALL) is not None


def _texts(words: tuple[str, ...], of: Callable[[Request], tuple[str | None, ...]]) -> st.SearchStrategy[Clause]:
    """Draw a string, a glob, a `!=` or a list of them; the request may offer several texts, of which one is enough."""
    word = st.sampled_from(words)
    one = st.one_of(word, word.map(lambda w: w[:3] + "*"), word.map(lambda w: "?" + w[1:]), word.map("!= {}".format))
    several = st.lists(one, min_size=1, max_size=2)
    return st.one_of(one, several).map(
        lambda value: Clause(
            value,
            lambda request: any(
                fits(pattern, text)
                for pattern in ([value] if isinstance(value, str) else value)
                for text in of(request)
            ),
        )
    )


def _flag(of: Callable[[Request], bool]) -> st.SearchStrategy[Clause]:
    return st.booleans().map(lambda value: Clause(value, lambda request: of(request) is value))


def _member(name: str) -> Callable[[Request], tuple[str | None, ...]]:
    """A header that is absent, or the whole of it, or any member of the list that it is."""
    return lambda request: request.header(name)


def _metadata(request: Request) -> str | None:
    found = request.body([]).get("metadata", {}).get("a")
    return found if isinstance(found, str) else None


CONDITIONS: dict[str, st.SearchStrategy[Clause]] = {
    "model": _texts(MODELS, lambda request: (request.model,)),
    "header.x-team": _texts(TEAMS, _member("x-team")),
    "secrets": _flag(lambda request: request.secret is not None),
    "stream": _flag(lambda request: request.stream),
    "metadata.a": _texts(("b", "c"), lambda request: (_metadata(request),)),
    "endpoint": _texts((ENDPOINT, "embeddings"), lambda _: (ENDPOINT,)),
}

RULE_CONDITIONS: dict[str, st.SearchStrategy[Any]] = {
    "labels": st.sampled_from(("private", "!= private")),
    "prompt_tokens": st.sampled_from((">= 1", "< 1", "> 60")),
    "messages": st.sampled_from((1, ">= 2")),
    "healthy.t0": st.booleans(),
    "busy.t0": st.just(">= 50%"),
    "warm.t0": st.booleans(),
    "first_token.t0": st.sampled_from(("< 10s", "> 10s")),
    "tokens_per_second.t0": st.just("> 0"),
    "weekday": st.just("mon-sun"),
    "contains": st.just(["rivers"]),
}


def _table(clauses: Mapping[str, Clause]) -> Clause:
    value = {key: clause.value for key, clause in clauses.items()}
    return Clause(value, lambda request: all(clause.holds(request) for clause in clauses.values()))


def _tables(most: int) -> st.SearchStrategy[Clause]:
    keys = st.lists(st.sampled_from(sorted(CONDITIONS)), min_size=1, max_size=most, unique=True)
    return keys.flatmap(lambda names: st.fixed_dictionaries({name: CONDITIONS[name] for name in names})).map(_table)


def _composed(inner: st.SearchStrategy[Clause]) -> st.SearchStrategy[Clause]:
    """Draw one of `all`, `any` and `none` over some tables."""
    several = st.lists(inner, min_size=1, max_size=2)
    return st.tuples(st.sampled_from(("all", "any", "none")), several).map(lambda drawn: _group(*drawn))


def _group(key: str, inner: list[Clause]) -> Clause:
    def holds(request: Request) -> bool:
        outcomes = [clause.holds(request) for clause in inner]
        return {"all": all(outcomes), "any": any(outcomes), "none": not any(outcomes)}[key]

    return Clause({key: [clause.value for clause in inner]}, holds)


def tables() -> st.SearchStrategy[Clause]:
    """Draw a `when` of one or two conditions that a label may use."""
    plain = _tables(2)
    return st.one_of(plain, plain, _composed(_tables(1)))


def rule_tables() -> st.SearchStrategy[dict[str, Any]]:
    """Draw a `when` for a rule, where no oracle is needed: rules add no labels."""
    more = st.fixed_dictionaries({}, optional=RULE_CONDITIONS)
    return st.tuples(tables(), more).map(lambda drawn: {**drawn[0].value, **drawn[1]})
