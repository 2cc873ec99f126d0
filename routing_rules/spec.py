"""The tables of a rule file, typed. One field here is one key there; the docstrings are the reference.

`proxy.config` decodes them and refuses what is not here. Secrets (`key`) stay as written, `env:NAME` or `file:/path`:
this package never resolves them.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from routing_rules.units import Seconds

Kind = Literal["ollama", "openai", "compatible"]


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The manner of every table: immutable, keys by name only, unknown keys refused."""


class Timeouts(Table, frozen=True):
    """How long each phase of an attempt may take, in seconds: connecting, first content, silence, everything."""

    connect: Seconds = Seconds(5)
    first_token: Seconds = Seconds(60)
    idle: Seconds = Seconds(60)
    total: Seconds = Seconds(600)


class Queue(Table, frozen=True):
    """How many requests may wait for a busy target (`max_in_flight`), and how long, in seconds."""

    size: int = 64
    timeout: Seconds = Seconds(30)


class Target(Table, frozen=True):
    """`[target.NAME]`: one place that can answer, the models it has and the labels it may be given.

    `url` ends where OpenAI's paths begin (`…/v1`); `{model}` in it is replaced by the upstream's model name, as Azure's
    deployment URLs need. `models` are globs it has, or a map from public to upstream names. `accepts = ["*"]` means
    every label. `auth` is `bearer` or `header:NAME`.
    """

    kind: Kind
    url: str
    key: str | None = None
    auth: str = "bearer"
    organization: str | None = None
    project: str | None = None
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    accepts: tuple[str, ...] = ()
    model: str | None = None
    models: tuple[str, ...] | dict[str, str] | None = None
    timeouts: Timeouts = Timeouts()
    max_in_flight: int | None = None
    queue: Queue = Queue()
    strict: bool = False
    pass_headers: tuple[str, ...] = ()

    def admits(self, labels: frozenset[str]) -> bool:
        """Say whether this target may be given a request that bears these labels: all of them, or none of it."""
        return not labels or "*" in self.accepts or labels <= set(self.accepts)


When = dict[str, Any]


class Label(Table, frozen=True):
    """`[[label]]`: a word that binds a request, added when its condition holds or cannot be decided."""

    add: str
    when: When = {}
    why: str | None = None


class Rule(Table, frozen=True):
    """`[[rule]]`: when these conditions hold, use these candidates in this order, rewritten so."""

    name: str
    use: tuple[str, ...]
    when: When | None = None
    set: dict[str, Any] = {}
    default: dict[str, Any] = {}
    drop: tuple[str, ...] = ()
    why: str | None = None


class RuleFile(Table, frozen=True):
    """All tables of a rule file, in the order it gives them."""

    target: dict[str, Target] = {}
    alias: dict[str, str] = {}
    label: tuple[Label, ...] = ()
    boundary: dict[str, tuple[str, ...]] = {}
    rule: tuple[Rule, ...] = ()
    direct: Literal["allow", "deny"] = "allow"
