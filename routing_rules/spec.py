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


When = dict[str, Any] | str | tuple[str, ...]
Order = Literal["in turn", "weighted", "least busy", "fastest", "warm first"]


class Label(Table, frozen=True):
    """`[[label]]`: a word that binds a request, added when its condition holds or cannot be decided."""

    add: str
    when: When | None = None
    why: str | None = None


class FromTemplate(Table, frozen=True):
    """The text of a `[template]`, by its name."""

    template: str


class Prompt(Table, frozen=True):
    """What is written before and behind the last thing that the user said; text, or `{ template = "NAME" }`."""

    prepend: str | FromTemplate | None = None
    append: str | FromTemplate | None = None


class Rule(Table, frozen=True):
    """`[[rule]]`: when these conditions hold, use these candidates in this order, rewritten so.

    `order` is the candidates' order: `in turn` as written, `weighted` by `weights` (target = share) and chance, the
    `least busy` or the `fastest` first, or `warm first`, those that have the model loaded. `hash` names fields
    whose value travels as a keyed hash: whose it is stays here.
    """

    name: str
    use: tuple[str, ...]
    when: When | None = None
    order: Order = "in turn"
    weights: dict[str, float] = {}
    set: dict[str, Any] = {}
    default: dict[str, Any] = {}
    drop: tuple[str, ...] = ()
    hash: tuple[str, ...] = ()
    prompt: Prompt = Prompt()
    why: str | None = None


class Given(Table, frozen=True):
    """The request of a `[[test]]`, and the world around it.

    `prompt` is one user message; `messages` or the whole `body` say more. `down` and `busy` are targets.
    """

    prompt: str | None = None
    messages: tuple[dict[str, Any], ...] | None = None
    body: dict[str, Any] = {}
    endpoint: str = "chat"
    model: str | None = None
    headers: dict[str, str] = {}
    down: tuple[str, ...] = ()
    busy: tuple[str, ...] = ()


class Expect(Table, frozen=True):
    """What a `[[test]]` expects: only what is written is compared.

    `label` is one that the request must bear, `labels` are all of them; `target` is who answers, `target:model` or the
    target alone; `never` are targets that must not be given the request whatever happens; `body` holds fields of the
    body that is sent (null: the field is not there).
    """

    label: str | None = None
    labels: tuple[str, ...] | None = None
    rule: str | None = None
    target: str | None = None
    status: int | None = None
    body: dict[str, Any] = {}
    never: tuple[str, ...] = ()
    attempts: int | None = None


class Trial(Table, frozen=True):
    """`[[test]]`: a request, and what must become of it. A file whose tests fail does not serve."""

    name: str
    given: Given = Given()
    expect: Expect = Expect()


class Complexity(Table, frozen=True):
    """`[complexity]`: how the score of that name comes about. `article` is the formula of the article, weights and all.

    `weights` say how much a feature counts in the default scorer; those that are not named keep their own
    (`routing_rules/scores.py`).
    """

    scorer: Literal["default", "article"] = "default"
    weights: dict[str, float] = {}


class Secrets(Table, frozen=True):
    """`[secrets]`: what the condition of that name finds besides what it knows, and what it passes over.

    `patterns` (NAME = regular expression of RE2) are secrets of your own. `ignore` are regular expressions; a secret
    whose value, or whose whole text, one of them matches from end to end is none, such as the key of an example.
    """

    patterns: dict[str, str] = {}
    ignore: tuple[str, ...] = ()


class RuleFile(Table, frozen=True):
    """All tables of a rule file, in the order it gives them.

    `gone` is no table: targets that are not asked while the file is narrowed to others. Conditions may name them; what
    is asked about them is unknown.
    """

    target: dict[str, Target] = {}
    alias: dict[str, str] = {}
    fact: dict[str, dict[str, Any]] = {}
    label: tuple[Label, ...] = ()
    boundary: dict[str, tuple[str, ...]] = {}
    template: dict[str, str] = {}
    rule: tuple[Rule, ...] = ()
    test: tuple[Trial, ...] = ()
    direct: Literal["allow", "deny"] = "allow"
    gone: dict[str, Target] = {}
