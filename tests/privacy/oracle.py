"""The judge: what may have arrived where, worked out from how a case was drawn.

It imports nothing that is tested: labels come from how each request was made, networks from sums of its own, and what
Ollama would send to its cloud from the fake Ollama, which follows Ollama's source.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import httpx

from tests.fakes.golang import GoError, parse
from tests.fakes.ollama_cloud import named
from tests.privacy.requests import Request, mark
from tests.privacy.rule_files import NUMBERS, RuleFile, Target
from tests.privacy.sinks import ENVIRONMENT_PROXY, Segment
from tests.privacy.watch import Script

Labels = frozenset[str]
_PRIVATE = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
_LABEL = re.compile(r"[a-z0-9_-]+")

LEAK = "leak"  # bytes came where they must not
REACHED = "reached"  # a connection was made, or a name looked up, that no request could want
TRIED = "tried"  # a candidate that the labels strike out was tried, whether or not the send check held
UNLABELLED = "unlabelled"  # an answer does not name a label that its request bears
BROKEN = "broken"  # wye itself failed


@dataclass(frozen=True)
class Violation:
    """One thing that must not be."""

    kind: str
    what: str


@dataclass(frozen=True)
class Answered:
    """What a client was answered, and the targets that wye said it had tried in vain."""

    request: Request
    quoted: bool
    status: int
    headers: Mapping[str, str]
    body: bytes
    failed: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether it is an answer, and one that did not break off."""
        return self.status == httpx.codes.OK and b'"error"' not in self.body

    @property
    def code(self) -> str | None:
        """The code of an error."""
        try:
            return str(json.loads(self.body)["error"]["code"])
        except (ValueError, KeyError, TypeError):
            return None

    @property
    def named_labels(self) -> Labels:
        """The labels that the answer names."""
        return frozenset(filter(None, self.headers.get("x-wye-labels", "").split(",")))


def labels_of(request: Request, file: RuleFile) -> Labels:
    """The labels that a request must bear by itself: those that it asks for, and of every condition that holds."""
    asked = {
        word.strip().lower()
        for name, value in request.headers
        if name == "x-wye-label"
        for word in value.split(",")
        if _LABEL.fullmatch(word.strip().lower())
    }
    levels = [value for name, value in request.headers if name == "x-wye-privacy-level"]
    levels.append(request.preferences.get("privacy_level", "standard"))
    private = {"private"} if {"high", "max"} & set(levels) else set()
    return frozenset(asked | private | {add for add, when in file.labels if when.holds(request)})


def accepts(target: Target, labels: Labels) -> bool:
    """Whether a target may be given a request with these labels."""
    return not labels or "*" in target.accepts or labels.issubset(target.accepts)


def inside(labels: Labels, host: str, address: str, boundary: Mapping[str, Sequence[str]]) -> bool:
    """Whether an address that was reached under a name lies within the boundaries of all the labels."""
    return all(_permits(boundary.get(label, _PRIVATE), host, address) for label in labels)


def _permits(entries: Sequence[str], host: str, address: str) -> bool:
    networks = [entry for entry in entries if entry[0].isdigit()]
    if any(_contains(network, address) for network in networks):
        return True
    hosts = [re.escape(entry).replace(r"\*", ".*").replace(r"\?", ".") for entry in entries if not entry[0].isdigit()]
    called = any(re.fullmatch(pattern, host, re.IGNORECASE) for pattern in hosts)
    return called and any(_contains(network, address) for network in _PRIVATE)


def _contains(network: str, address: str) -> bool:
    base, _, length = network.partition("/")
    shift = 32 - int(length or 32)
    return ":" not in base and _number(base) >> shift == _number(address) >> shift


def _number(address: str) -> int:
    first, second, third, fourth = map(int, address.split("."))
    return (first << 24) + (second << 16) + (third << 8) + fourth


@dataclass
class Judge:
    """Judges one case. `labels` are those that each request must bear, what it inherits included."""

    file: RuleFile
    scripts: Mapping[str, Script]
    answers: Sequence[Answered]

    def __post_init__(self) -> None:
        own = {answer.request.number: labels_of(answer.request, self.file) for answer in self.answers}
        self.labels = {
            answer.request.number: own[answer.request.number]
            | (own[answer.request.quotes] if answer.quoted and answer.request.quotes is not None else frozenset())
            for answer in self.answers
        }

    def arrivals(self, segments: Iterable[Segment]) -> Iterator[Violation]:
        """Judge what came: every request to the place that it came to, by the marks in its bytes."""
        for segment in segments:
            numbers = [number for number in self.labels if mark(number).encode() in segment.data]
            labels = frozenset[str]().union(*(self.labels[number] for number in numbers))
            place = f"{segment.method} {segment.path} at {segment.address}"
            target = next((one for one in self.file.targets if segment.path.startswith(one.path)), None)
            if segment.address == ENVIRONMENT_PROXY or target is None:
                yield Violation(LEAK, f"{place}: no target is there")
            elif segment.method != "GET" and not numbers:
                yield Violation(LEAK, f"{place}: a body without any mark: {segment.body!r}")
            elif numbers:
                yield from self._of(target, segment, labels, f"{place}: requests {numbers}, labels {sorted(labels)}")

    def _of(self, target: Target, segment: Segment, labels: Labels, place: str) -> Iterator[Violation]:
        if not accepts(target, labels):
            yield Violation(LEAK, f"{place}: {target.name} accepts {target.accepts}")
        if not inside(labels, target.host, segment.address, self.file.boundary):
            yield Violation(LEAK, f"{place}: outside the boundary {self.file.boundary}")
        if labels and target.kind == "ollama" and segment.method == "POST" and not _kept_local(segment.body):
            yield Violation(LEAK, f"{place}: a plain name may stand for a model of Ollama's cloud")
        if labels and target.kind != "openai" and _for_cloud(segment.body):
            yield Violation(LEAK, f"{place}: Ollama would hand it on to its cloud")

    def connections(self, connected: Iterable[tuple[int, str, int]], port: int) -> Iterator[Violation]:
        """Judge what was connected to while requests were on their way; before them only lists are asked for."""
        for wave, address, at in connected:
            under_way = [answer.request.number for answer in self.answers if answer.request.wave == wave]
            wanted = any(
                self._may_reach(target, self.labels[n], address) for n in under_way for target in self.file.targets
            )
            if at != port or not (wanted or (wave < 0 and self._known(address))):
                yield Violation(REACHED, f"{address}:{at} was connected to in wave {wave}")

    def lookups(self, asked: Iterable[str]) -> Iterator[Violation]:
        """Judge which names were looked up: those of targets only."""
        hosts = {target.host.lower() for target in self.file.targets}
        for name in asked:
            if name not in hosts:
                yield Violation(REACHED, f"the name {name!r} was looked up")

    def told(self) -> Iterator[Violation]:
        """Judge what clients were told."""
        by_name = {target.name: target for target in self.file.targets}
        for answer in self.answers:
            number, labels = answer.request.number, self.labels[answer.request.number]
            for name in answer.failed:
                if not accepts(by_name[name], labels):
                    yield Violation(TRIED, f"request {number}, labels {sorted(labels)}: {name} was tried")
            if "x-wye-rule" in answer.headers and not labels <= answer.named_labels:
                yield Violation(UNLABELLED, f"request {number} bears {sorted(labels)}: {answer.headers}")
            if answer.code == "internal_error":
                yield Violation(BROKEN, f"request {number}: {answer.body!r}")

    def _may_reach(self, target: Target, labels: Labels, address: str) -> bool:
        return (
            address in self._addresses(target)
            and accepts(target, labels)
            and inside(labels, target.host, address, self.file.boundary)
        )

    def _known(self, address: str) -> bool:
        return any(address in self._addresses(target) for target in self.file.targets)

    def _addresses(self, target: Target) -> list[str]:
        script = self.scripts.get(target.host.lower(), ())
        return [NUMBERS[target.host]] if target.host in NUMBERS else [one for answer in script for one in answer]


def _kept_local(body: bytes) -> bool:
    """Whether an Ollama is asked for a model of its own and no other, however the name is written."""
    try:
        document = parse(body)
    except GoError:
        return False
    models = [value for name, value in document.items() if name.casefold() == "model"]
    return bool(models) and all(isinstance(model, str) and model.endswith(":local") for model in models)


def _for_cloud(body: bytes) -> bool:
    """Whether an Ollama would take a body for its own cloud: Go reads `MODEL` as `model`, and the last one wins."""
    try:
        document = parse(body)
    except GoError:
        return False
    models = [value for name, value in document.items() if name.casefold() == "model"]
    return any(isinstance(model, str) and named(model) for model in models)
