"""The facts of one request, by the names that conditions use, each computed once and only when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from proxy.facts.secrets import has_secret
from proxy.facts.text_view import text_view
from routing_rules import UNKNOWN, FactValue


class RequestFacts:
    """Facts of a request; a detector that fails leaves its fact unknown, which adds labels and matches no rule."""

    def __init__(
        self,
        *,
        endpoint: str,
        model: str | None,
        stream: bool,
        headers: Mapping[str, str],
        document: Any,
        texts: Iterable[str],
    ) -> None:
        """Take the request. `texts` are what belongs to its text besides the body: path, query, headers that travel."""
        self._known: dict[str, FactValue] = {"endpoint": endpoint, "model": model, "stream": stream}
        self._headers = headers
        self._document = document
        self._texts = tuple(texts)

    def value(self, name: str) -> FactValue:
        """Return a fact, None where the request has no such thing, or `UNKNOWN`."""
        if name.startswith("header."):
            return as_utf8(self._headers.get(name.removeprefix("header.")))
        if name not in self._known:
            self._known[name] = self._detect(name)
        return self._known[name]

    def prepare(self, names: Iterable[str]) -> None:
        """Compute those of the named facts that a detector finds; may run in a thread, before anybody asks."""
        for name in _DETECTORS.keys() & set(names):
            self.value(name)

    def _detect(self, name: str) -> FactValue:
        try:
            return _DETECTORS[name](text_view(self._document, *self._texts))
        except Exception:  # noqa: BLE001 - whatever a detector fails with, its fact is unknown and its label binds
            return UNKNOWN


def as_utf8(value: str | None) -> str | None:
    """Read a header's bytes as UTF-8 where they are: HTTP hands them on as latin-1, and clients send either."""
    try:
        return value.encode("latin-1").decode("utf-8") if value is not None else None
    except UnicodeError:
        return value


_DETECTORS = {"secrets": has_secret}
