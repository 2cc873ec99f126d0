"""The names of facts: which there are, and what each asks for.

A name is a family, and for some families a scope and an argument: `model`, `header.x-team`, `secrets@user`,
`pii.email@last_user`, `matches:PATTERN`, `contains@system:WORDS`. The scope `all` is written by leaving it out.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

ALL = "all"
SCOPES = ("user", "last_user", "system")
PII_KINDS = ("email", "phone", "card", "iban", "ssn", "ip")
PLAIN = frozenset(
    {
        *("model", "endpoint", "stream", "max_tokens", "prompt_tokens", "total_tokens", "messages", "turns"),
        *("tools", "tool_names", "images", "audio", "files", "opaque", "response_format", "reasoning_effort", "user"),
        *("hour", "weekday"),
    }
)
_MEMBERS = ("header", "metadata", "preference")
_SEARCHES = ("matches", "contains")


class Name(msgspec.Struct, frozen=True):
    """A name taken apart: `argument` is the pattern, the words, the kind of personal data, or the member's name."""

    family: str
    scope: str = ALL
    argument: str = ""


@lru_cache(maxsize=4096)  # names stand in rule files, and every request asks for the same ones
def parse(name: str) -> Name | None:
    """Take a name apart; None for one that no request fact has."""
    if name in PLAIN:
        return Name(name)
    return _search(name) or _member(name) or _detector(name)


def is_known(name: str) -> bool:
    """Say whether `RequestFacts` can give a fact of this name."""
    return parse(name) is not None


def _search(name: str) -> Name | None:
    head, colon, argument = name.partition(":")
    family, scope = _scoped(head)
    return Name(family, scope, argument) if colon and argument and family in _SEARCHES and scope else None


def _member(name: str) -> Name | None:
    family, _, member = name.partition(".")
    return Name(family, ALL, member) if member and family in _MEMBERS else None


def _detector(name: str) -> Name | None:
    head, scope = _scoped(name)
    family, dot, kind = head.partition(".")
    known = (family == "secrets" and not dot) or (family == "pii" and kind in PII_KINDS)
    return Name(family, scope, kind) if known and scope else None


def _scoped(head: str) -> tuple[str, str]:
    """Split a scope off; an empty scope is one that does not exist."""
    family, at, scope = head.partition("@")
    return family, (scope if scope in SCOPES else "") if at else ALL
