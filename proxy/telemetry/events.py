"""What happened, as frozen values. Features and the pipeline say it; logs, metrics and traces report it.

No field ever holds text of a request or an answer, or a key. Of what a client sends, only names are repeated: of models
and of labels, and only where they look like names.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened."""


class AttemptFailed(Event, frozen=True, kw_only=True):
    """A candidate was tried and did not answer; the next one, if any, is tried now."""

    id: str
    target: str
    model: str
    failure: str
    status: int
    after_ms: float


class ExchangeSettled(Event, frozen=True, kw_only=True):
    """A request is over, whichever way. `status` is 499 where the client left; times are milliseconds."""

    id: str
    endpoint: str
    stream: bool
    status: int
    code: str | None
    rule: str | None
    labels: tuple[str, ...]
    target: str | None
    model: str | None
    attempts: int
    first_ms: float | None
    total_ms: float
    tokens_in: int | None
    tokens_out: int | None


class CatalogueFailed(Event, frozen=True, kw_only=True):
    """A target did not say which models it has."""

    target: str
    why: str


class FactsLogFailed(Event, frozen=True, kw_only=True):
    """Lines of the facts log are lost; said once, until they can be written again. Requests go on."""

    why: str


class Fault(Event, frozen=True, kw_only=True):
    """A fault of ours: its kind and its place in the code, never its values."""

    id: str
    kind: str
    where: str


class RulesReloaded(Event, frozen=True, kw_only=True):
    """New rules are in force in a process; `rules` is how many, `targets` their names."""

    process: int
    rules: int
    targets: tuple[str, ...]


class ReloadRefused(Event, frozen=True, kw_only=True):
    """A file that was to be read again is not fit to serve; the old rules stay."""

    file: str
    problems: tuple[str, ...]


class RestartNeeded(Event, frozen=True, kw_only=True):
    """Keys changed that a server cannot change while it runs; everything else of the file is in force."""

    keys: tuple[str, ...]


Emit = Callable[[Event], None]
