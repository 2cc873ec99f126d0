"""The facts of one request, by the names that conditions use, each computed once and only when asked for.

`proxy/facts/names.py` lists the names. Text views are made once for each scope that a name asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from proxy.facts import fields, tools
from proxy.facts.contents import AUDIO, FILE, IMAGE, contents
from proxy.facts.detectors import Detectors
from proxy.facts.names import ALL, Name, parse
from proxy.facts.pii import PII
from proxy.facts.scopes import in_scope
from proxy.facts.secrets import has_secret
from proxy.facts.strings import Strings, gather
from proxy.facts.text_view import View, read
from proxy.facts.token_bounds import prompt_tokens
from proxy.facts.token_counts import Counter
from proxy.facts.token_ids import tables_loaded
from routing_rules import UNKNOWN, Bounds, FactValue

LARGE_BYTES = 64_000  # of a body that is looked through in a thread, where RE2 holds nobody up
PREFERENCES = "routing_preferences"
COUNTED_WITH = "counted_with"  # for explanations: how `prompt_tokens` came about
BY_BYTES = "bounds of its bytes"
_NO_DETECTORS = Detectors()
_PREFERRED_BY = ("latency_preference", "privacy_level", "force_provider")  # `x-wye-…` headers that are preferences
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_READS_TEXT = frozenset({"matches", "contains", "secrets", "pii", "opaque"})


class RequestFacts:
    """Facts of a request; a detector that fails leaves its fact unknown, which adds labels and matches no rule."""

    def __init__(  # noqa: PLR0913 - a request has as many sides
        self,
        *,
        endpoint: str,
        model: str | None,
        stream: bool,
        headers: Mapping[str, str],
        document: Any,
        texts: Iterable[str],
        detectors: Detectors = _NO_DETECTORS,
        now: datetime | None = None,
        size_bytes: int = 0,
    ) -> None:
        """Take the request.

        `document` is the decoded body, None for a body that was not read. `texts` are what belongs to its text besides
        the body: path, query, headers that travel. `detectors` are the rule file's searches; `now` is in the configured
        time zone, and without it hour and weekday are unknown; `size_bytes` is the body's.
        """
        self._known: dict[str, FactValue] = {"endpoint": endpoint, "model": model, "stream": stream}
        self._known[COUNTED_WITH] = BY_BYTES
        self._headers = headers
        self._document = document
        self._texts = tuple(form for text in texts for form in dict.fromkeys((text, as_utf8(text) or "")))
        self._detectors = detectors
        self._now = now
        self._size_bytes = size_bytes
        self._gathered: dict[str, Strings] = {}
        self._views: dict[str, View] = {}
        self._contents: frozenset[str] | None = None

    def value(self, name: str) -> FactValue:
        """Return a fact, None where the request has no such thing, or `UNKNOWN`."""
        if name not in self._known:
            self._known[name] = self._find(name)
        return self._known[name]

    def details(self, name: str) -> Mapping[str, Any]:
        """Say what is known of a fact besides its value, nothing for most. For explanations; it holds no text."""
        asked = parse(name)
        find = _DETAILS.get(asked.family) if asked is not None else None
        try:
            return find(self, asked) if find is not None and asked is not None else {}
        except Exception:  # noqa: BLE001 - a detector that fails leaves its fact unknown, and has no more to say
            return {}

    def needs_thread(self, names: Iterable[str]) -> bool:
        """Say whether the named facts take so long that they must be prepared in a thread.

        That is so for a large body, and for token ids while the tables that read them are not in memory.
        """
        if self._size_bytes > LARGE_BYTES:
            return True
        if tables_loaded():
            return False
        scopes = {parsed.scope for name in names if (parsed := parse(name)) and parsed.family in _READS_TEXT}
        try:
            return any(self._strings(scope).ids for scope in scopes)
        except RecursionError:
            return False  # no detector will get further, and each says so itself

    def prepare(self, names: Iterable[str]) -> None:
        """Compute the named facts; may run in a thread, before anybody asks."""
        for name in names:
            self.value(name)

    def count_tokens(self, counter: Counter) -> None:
        """Count what so far has only bounds; may run in a thread, before anybody asks. Takes up to a second a MB."""
        bounds = self.value("prompt_tokens")
        if isinstance(bounds, Bounds):
            self._known["prompt_tokens"] = counter.count(self._fields(), bounds)
            self._known[COUNTED_WITH] = str(counter.tokenizer)
            self._known.pop("total_tokens", None)

    def _find(self, name: str) -> FactValue:
        asked = parse(name)
        if asked is None:
            return UNKNOWN
        try:
            return _FINDERS[asked.family](self, asked)
        except Exception:  # noqa: BLE001 - whatever a detector fails with, its fact is unknown and its label binds
            return UNKNOWN

    def _fields(self) -> Mapping[str, Any]:
        return self._document if isinstance(self._document, dict) else {}

    def _strings(self, scope: str) -> Strings:
        if scope not in self._gathered:
            part = self._document if scope == ALL else in_scope(self._document, scope)
            self._gathered[scope] = gather(part)
        return self._gathered[scope]

    def _view(self, scope: str) -> View:
        if scope not in self._views:
            self._views[scope] = read(self._strings(scope), *(self._texts if scope == ALL else ()))
        return self._views[scope]

    def _kinds(self) -> frozenset[str]:
        if self._contents is None:
            self._contents = contents(self._document)
        return self._contents

    def _member(self, asked: Name) -> FactValue:
        """Find a header, or a member of `metadata` or of the preferences; headers state those too."""
        name = asked.argument
        if asked.family == "header":
            return as_utf8(self._headers.get(name))
        tables: list[object] = [self._fields().get("metadata" if asked.family == "metadata" else PREFERENCES)]
        if asked.family == "preference" and name in _PREFERRED_BY:
            tables.append({name: as_utf8(self._headers.get(f"x-wye-{name.replace('_', '-')}"))})
        return fields.member(tables, name)

    def _opaque(self, _: Name) -> FactValue:
        return self._document is None or bool(self._kinds()) or self._view(ALL).unreadable

    def _prompt_tokens(self, _: Name) -> FactValue:
        return prompt_tokens(self._fields()) if self._document is not None else UNKNOWN

    def _total_tokens(self, _: Name) -> FactValue:
        """Add what the answer may have to the prompt; a request that sets no limit adds nothing."""
        prompt, answer = self.value("prompt_tokens"), self.value("max_tokens")
        if answer is UNKNOWN or prompt is UNKNOWN:
            return UNKNOWN
        more = answer if isinstance(answer, int | float) else 0
        if isinstance(prompt, Bounds):
            return Bounds(prompt.low + more, prompt.high + more)
        return prompt + more if isinstance(prompt, int | float) else UNKNOWN

    def _detect(self, asked: Name) -> FactValue:
        name = f"{asked.family}.{asked.argument}" if asked.argument else asked.family
        detector = self._detectors.own.get(name) or _DETECTORS[name]
        return detector(self._view(asked.scope).text)

    def _kinds_of_secrets(self, asked: Name) -> Mapping[str, Any]:
        search = self._detectors.own.get("secrets", has_secret)
        return {"kinds": search.kinds(self._view(asked.scope).text)}

    def _search(self, asked: Name) -> FactValue:
        return self._detectors.search(asked.family, asked.argument, self._view(asked.scope).text)

    def _hour(self, _: Name) -> FactValue:
        return UNKNOWN if self._now is None else self._now.hour

    def _weekday(self, _: Name) -> FactValue:
        return UNKNOWN if self._now is None else _WEEKDAYS[self._now.weekday()]


def as_utf8(value: str | None) -> str | None:
    """Read a header's bytes as UTF-8 where they are: HTTP hands them on as latin-1, and clients send either."""
    try:
        return value.encode("latin-1").decode("utf-8") if value is not None else None
    except UnicodeError:
        return value


_DETECTORS: dict[str, Callable[[str], bool]] = {
    "secrets": has_secret,
    **{f"pii.{kind}": detector for kind, detector in PII.items()},
}
Finder = Callable[[RequestFacts, Name], FactValue]
# What more there is to say of a fact, by its family: tables that JSON takes as they stand.
_DETAILS: dict[str, Callable[[RequestFacts, Name], Mapping[str, Any]]] = {
    "secrets": RequestFacts._kinds_of_secrets,  # noqa: SLF001 - same
}


def _of_body(find: Callable[[Mapping[str, Any]], FactValue]) -> Finder:
    return lambda facts, _: find(facts._fields())


def _holds(kind: str) -> Finder:
    return lambda facts, _: kind in facts._kinds()  # noqa: SLF001 - same


_FINDERS: dict[str, Finder] = {
    **dict.fromkeys(("header", "metadata", "preference"), RequestFacts._member),  # noqa: SLF001 - same
    **dict.fromkeys(("matches", "contains"), RequestFacts._search),  # noqa: SLF001 - same
    **dict.fromkeys(("secrets", "pii"), RequestFacts._detect),  # noqa: SLF001 - same
    "opaque": RequestFacts._opaque,  # noqa: SLF001 - same
    "prompt_tokens": RequestFacts._prompt_tokens,  # noqa: SLF001 - same
    "total_tokens": RequestFacts._total_tokens,  # noqa: SLF001 - same
    "hour": RequestFacts._hour,  # noqa: SLF001 - same
    "weekday": RequestFacts._weekday,  # noqa: SLF001 - same
    "images": _holds(IMAGE),
    "audio": _holds(AUDIO),
    "files": _holds(FILE),
    **{
        find.__name__: _of_body(find)
        for find in (
            *(fields.max_tokens, fields.messages, fields.turns, tools.tools, tools.tool_names),
            *(fields.response_format, fields.reasoning_effort, fields.user),
        )
    },
}
