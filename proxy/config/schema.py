"""The whole configuration file, typed: the rule tables of `routing_rules.spec` and the tables of the server.

One field here is one key there, and `config.toml` at the top of the repository shows every one with its default.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from routing_rules.spec import Complexity, Label, Rule, RuleFile, Secrets, Table, Target, Trial
from routing_rules.units import Bytes, Seconds

Level = Literal["debug", "info", "warning", "error"]


class Server(Table, frozen=True):
    """`[server]`: where wye listens, and what it lets in.

    `open` allows an address beyond loopback although no keys protect it. `direct = "deny"` forbids clients to name a
    target (`cloud:gpt-4o`). `max_body` is in bytes. `keep_alive` is how long a stream may be silent, in seconds,
    before the client gets a comment; `grace` how long it may wait for its headers. `shutdown` is how many seconds
    streams get to finish when the server is stopped. `timezone` is an IANA name; conditions on the hour read it.
    `include` are more files, beside this one, that are read before it: their labels and rules come first. `hash_key`
    is the secret that a rule's `hash` is keyed with, `env:NAME` or `file:/path`; without it each start has its own.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    open: bool = False
    max_body: Bytes = Bytes(20_000_000)
    direct: Literal["allow", "deny"] = "allow"
    grace: Seconds = Seconds(10)
    keep_alive: Seconds = Seconds(10)
    shutdown: Seconds = Seconds(30)
    timezone: str = "UTC"
    include: tuple[str, ...] = ()
    hash_key: str | None = None


class Log(Table, frozen=True):
    """`[log]`: what is written to standard error. `auto` is `console` on a terminal and `json` elsewhere."""

    level: Level = "info"
    format: Literal["auto", "console", "json"] = "auto"


class FactsLog(Table, frozen=True):
    """`[facts_log]`: a file of what was known of each request, for `wye diff` and `wye explain --id`; never its text.

    `path` names a JSON Lines file; without it nothing is written. Written are the facts that rules use, and those in
    `fields`; for a labelled request no fact at all. A file that reaches `max_size`, in bytes, becomes `PATH.1`.
    """

    path: str | None = None
    fields: tuple[str, ...] = ()
    max_size: Bytes = Bytes(100_000_000)


class Config(Table, frozen=True):
    """A whole configuration, as the file gives it. Secrets are still references here."""

    server: Server = Server()
    log: Log = Log()
    target: dict[str, Target] = msgspec.field(default_factory=dict)
    alias: dict[str, str] = msgspec.field(default_factory=dict)
    fact: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    label: tuple[Label, ...] = ()
    boundary: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    template: dict[str, str] = msgspec.field(default_factory=dict)
    rule: tuple[Rule, ...] = ()
    test: tuple[Trial, ...] = ()
    complexity: Complexity = Complexity()
    secrets: Secrets = Secrets()
    facts_log: FactsLog = FactsLog()

    @property
    def rules(self) -> RuleFile:
        """The part of it that `routing_rules` reads."""
        return RuleFile(
            target=self.target,
            alias=self.alias,
            fact=self.fact,
            label=self.label,
            boundary=self.boundary,
            template=self.template,
            rule=self.rule,
            test=self.test,
            direct=self.server.direct,
        )
