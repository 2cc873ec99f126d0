"""Ollama's model names, from `internal/modelref/modelref.go` and `types/model/name.go`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tests.fakes.golang import GoError

Source = Literal["", "local", "cloud"]
MODEL_REQUIRED = "model is required"
INVALID_NAME = "invalid model name"
_PARTS = {
    "host": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}"),
    "namespace": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}"),
    "model": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}"),
    "tag": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}"),
}


@dataclass(frozen=True)
class Name:
    """A name with Ollama's defaults filled in, as `model.ParseName` makes it."""

    host: str
    namespace: str
    model: str
    tag: str

    @property
    def short(self) -> str:
        """`DisplayShortest`: always with its tag, without the default host and namespace."""
        if self.host.lower() != "registry.ollama.ai":
            return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"
        prefix = "" if self.namespace.lower() == "library" else f"{self.namespace}/"
        return f"{prefix}{self.model}:{self.tag}"

    @property
    def full(self) -> str:
        """`Name.String`."""
        return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"

    @property
    def valid(self) -> bool:
        """`IsValid`: every part is there and within its alphabet."""
        return all(pattern.fullmatch(getattr(self, part)) for part, pattern in _PARTS.items())


@dataclass(frozen=True)
class Ref:
    """A name as the client wrote it, and whether it asked for a place with `:cloud` or `:local`."""

    original: str
    base: str
    name: Name
    source: Source


def parse_name(text: str) -> Name:
    """`types/model/name.go` ParseName."""
    tag = "latest"
    if text.rfind(":") > text.rfind("/"):
        text, _, given = text.rpartition(":")
        text, tag = text or "!MISSING!", given or "!MISSING!"
    parts = [part or "!MISSING!" for part in text.rsplit("/", 2)] if "/" in text else [text]
    host, namespace, model = [*("registry.ollama.ai", "library")[: 3 - len(parts)], *parts]
    return Name(host.partition("://")[2] or host, namespace, model, tag)


def knows_sources(version: str) -> bool:
    """Whether an Ollama of this version reads `:cloud` and `:local` as places: `internal/modelref`, v0.17.8-rc0 on."""
    numbers = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    return numbers is None or tuple(map(int, numbers.groups())) >= (0, 17, 8)


def parse_ref(raw: str, *, sources: bool = True) -> Ref:
    """`server/model_resolver.go` parseAndValidateModelRef; a GoError carries Ollama's text.

    Without `sources`, as before 0.17.8: `:local` and `:cloud` are tags like any other.
    """
    raw = raw.strip()
    if not raw:
        raise GoError(MODEL_REQUIRED)
    base, source = _suffix(raw) if sources else (raw, "")
    if source and _suffix(base)[1]:
        raise GoError(f'use either :local or :cloud, not both: "{raw}"')
    name = parse_name(base)
    if not name.valid:
        raise GoError(INVALID_NAME)
    return Ref(raw, base, name, source)


def _suffix(raw: str) -> tuple[str, Source]:
    """`internal/modelref/modelref.go` parseSourceSuffix."""
    head, colon, tail = raw.rpartition(":")
    suffix = tail.strip()
    if colon and suffix.lower() == "cloud":
        return head, "cloud"
    if colon and suffix.lower() == "local":
        return head, "local"
    if colon and "/" not in suffix and suffix.lower().endswith("-cloud"):
        return f"{head}:{suffix[: -len('-cloud')]}", "cloud"
    return raw, ""
