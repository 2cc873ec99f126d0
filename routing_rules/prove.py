"""Where each label's requests could ever go: every sink, the way that leads there, and whether it lies inside.

A proof by structure, over all requests and all faults at once: a sink can be reached by a labelled request only if it
accepts the label, whatever rule, alias, fallback or client names it. Each such sink is held against the label's
boundary by its address. What cannot be told from the file, the address behind a private name, is checked at every
send, and is said so.

What the proof cannot promise is that a label is *added*: a detector may miss. A label that rests on detectors is
"detected, not guaranteed"; model, endpoint, headers and keys are guarantees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import msgspec

from routing_rules.conditions import in_words
from routing_rules.fences import DEFAULT_FENCE, PRIVATE_NETWORKS, Address, Fence, read_address, read_fence
from routing_rules.grammar import is_detected
from routing_rules.names import split
from routing_rules.plan import known_labels
from routing_rules.rulebook import CompiledLabel, RuleBook
from routing_rules.spec import RuleFile, Target

Verdict = Literal["inside", "outside", "checked at send", "closed"]
Promise = Literal["guaranteed", "detected, not guaranteed", "brought by the caller"]
Resolve = Callable[[str], tuple[str, ...]]

# Names that no public DNS gives an address to (RFC 6761, 6762, 8375, ICANN's .internal), or that only a cluster knows.
_PRIVATE_SUFFIXES = (".internal", ".local", ".lan", ".home.arpa", ".svc", ".test", ".localhost", ".intranet", ".corp")


class Sink(msgspec.Struct, frozen=True):
    """A place that bytes of a request with this label could reach, by which ways, and what guards it."""

    name: str
    kind: Literal["target", "ollama cloud", "file", "memory"]
    address: str
    verdict: Verdict
    why: str
    ways: tuple[str, ...] = ()


class Adding(msgspec.Struct, frozen=True):
    """One `[[label]]` that adds a label: its condition and its reason in words, and how sure it is."""

    when: str
    why: str
    detected: bool


class LabelProof(msgspec.Struct, frozen=True, kw_only=True):
    """One label: how it comes to a request, what is promised, and every sink that its requests could reach.

    `closed` are the places that the file names and its requests never reach, each with what keeps them out.
    """

    label: str
    added_by: tuple[str, ...]
    adding: tuple[Adding, ...]
    promise: Promise
    boundary: tuple[str, ...]
    sinks: tuple[Sink, ...]
    closed: tuple[Sink, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether no sink lies outside."""
        return all(sink.verdict != "outside" for sink in self.sinks)


def prove(file: RuleFile, book: RuleBook, resolve: Resolve | None = None) -> list[LabelProof]:
    """Prove every label of a rule file. `resolve` gives the addresses of a host name, none where it has none."""
    return [_proof(label, file, book, resolve or (lambda _: ())) for label in sorted(known_labels(file))]


def _proof(label: str, file: RuleFile, book: RuleBook, resolve: Resolve) -> LabelProof:
    entries = file.boundary.get(label)
    fence = DEFAULT_FENCE if entries is None else read_fence(entries)
    sinks = [
        sink
        for name, target in file.target.items()
        if target.admits(frozenset({label}))
        for sink in _sinks(name, target, fence, _ways(name, file), resolve)
    ]
    adding = tuple(_adding(one) for one in book.labels if one.name == label)
    return LabelProof(
        label=label,
        added_by=tuple(one.why for one in adding),
        adding=adding,
        promise=_promise(adding),
        boundary=tuple(map(str, PRIVATE_NETWORKS) if entries is None else entries),
        sinks=tuple(sinks),
        closed=tuple(_shut(label, file)),
    )


def _adding(label: CompiledLabel) -> Adding:
    return Adding(in_words(label.condition), label.why, any(map(is_detected, label.condition.names())))


def _shut(label: str, file: RuleFile) -> Iterator[Sink]:
    """Give the targets that requests with this label cannot reach, whoever names them."""
    for name, target in file.target.items():
        if not target.admits(frozenset({label})):
            yield Sink(name, "target", host_of(target.url), "closed", "does not accept it", _ways(name, file))
        elif not _ways(name, file):
            yield Sink(name, "target", host_of(target.url), "closed", "no rule, alias or client leads to it")


def _promise(adding: Sequence[Adding]) -> Promise:
    """Say how sure it is that a label is added where it should be."""
    if not adding:
        return "brought by the caller"
    return "detected, not guaranteed" if any(one.detected for one in adding) else "guaranteed"


def _ways(name: str, file: RuleFile) -> tuple[str, ...]:
    """Say all ways to a target: rules that use it, aliases for it, and clients that name it."""
    rules = [f"rule {rule.name!r}" for rule in file.rule if name in {_target(use, file) for use in rule.use}]
    aliases = [f"alias {alias!r}" for alias, model in file.alias.items() if _target(model, file) == name]
    direct = ["named by a client"] if file.direct == "allow" else []
    return (*rules, *aliases, *direct)


def _target(use: str, file: RuleFile) -> str:
    named = split(use, file.target)
    return named.target if named else use


def _sinks(name: str, target: Target, fence: Fence, ways: tuple[str, ...], resolve: Resolve) -> Iterator[Sink]:
    if not ways:
        return
    host = host_of(target.url)
    verdict, why = _judge(host, fence, resolve)
    yield Sink(name, "target", host, verdict, why, ways)
    if target.kind == "ollama":
        closed = "a labelled request never asks for a cloud model, and asks for no other than a local one"
        yield Sink(f"{name}: Ollama's own cloud", "ollama cloud", "ollama.com", "closed", closed, ways)


def _judge(host: str, fence: Fence, resolve: Resolve) -> tuple[Verdict, str]:
    address = read_address(host)
    if address is not None:
        inside = fence.permits(host, address)
        return (
            ("inside", "its address lies inside")
            if inside
            else ("outside", f"{host} lies in no network of the boundary")
        )
    found = [one for one in map(read_address, _loopback(host) or resolve(host)) if one is not None]
    if found:
        return _judge_addresses(host, found, fence)
    if fence.names(host) or is_private_name(host):
        return "checked at send", "its address is not known here; at every send it must lie inside"
    return "outside", f"{host} is a public name that the boundary does not hold"


def _judge_addresses(host: str, found: list[Address], fence: Fence) -> tuple[Verdict, str]:
    outside = [str(address) for address in found if not fence.permits(host, address)]
    if outside:
        return "outside", f"{host} has the address {', '.join(outside)}, which no network of the boundary holds"
    return "inside", f"its address now, {', '.join(map(str, found))}, lies inside; it is checked at every send"


def _loopback(host: str) -> tuple[str, ...]:
    return ("127.0.0.1",) if host == "localhost" or host.endswith(".localhost") else ()


def host_of(url: str) -> str:
    """Return the host of a URL that the configuration has accepted: without port, brackets and zone."""
    authority = url.partition("://")[2].partition("/")[0]
    if authority.startswith("["):
        return authority[1:].partition("]")[0].lower()
    return authority.partition(":")[0].lower()


def port_of(url: str) -> str:
    """Return the port that a URL names, nothing where it names none."""
    authority = url.partition("://")[2].partition("/")[0]
    return authority.rpartition("]")[2].partition(":")[2]


def is_private_name(host: str) -> bool:
    """Say whether no public DNS can know a name: a single word, or one under a suffix for private use."""
    name = host.casefold().rstrip(".")
    last = name.rpartition(".")[2]
    if last.isdigit() or last.startswith("0x"):  # an address in an old spelling, such as 127.1, which any may be
        return False
    return "." not in name or name.endswith(_PRIVATE_SUFFIXES)
