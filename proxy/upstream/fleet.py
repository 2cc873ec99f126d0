"""All targets with what is known of them: where they are, how they talk, what they have, whether they are down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from proxy.providers import PROVIDERS
from proxy.providers.base import Provider
from proxy.upstream.admission import Gate
from proxy.upstream.destination import Destination
from proxy.upstream.measures import Measures
from routing_rules import Target, TargetState

# Models that a list names but no chat can use; they are never taken for a target's default.
_NOT_FOR_CHAT = ("embed", "whisper", "tts", "dall-e", "moderation", "realtime", "transcribe", "image", "audio", "sora")


class Member(msgspec.Struct, frozen=True):
    """One target, ready to be used."""

    name: str
    target: Target
    destination: Destination
    provider: Provider
    gate: Gate
    measures: Measures = msgspec.field(default_factory=Measures)


class Fleet:
    """The targets in force and their live state. Plain synchronous methods: no await stands between read and write."""

    def __init__(self, targets: Mapping[str, Target], keys: Mapping[str, str], agent: str, via: str) -> None:
        self.members = {
            name: Member(
                name, target, Destination(target, keys.get(name), agent, via), PROVIDERS[target.kind], Gate(target)
            )
            for name, target in targets.items()
        }
        # The names of the client's headers that travel to any target.
        self.passed_up = frozenset().union(*(member.destination.passed for member in self.members.values()))
        self.states: dict[str, TargetState] = {name: TargetState() for name in targets}
        # What targets say they are. Only for as long as nothing suggests that it may be another server by now.
        self._versions: dict[str, str] = {}
        self._loaded: dict[str, frozenset[str]] = {}

    def states_now(self) -> Mapping[str, TargetState]:
        """Return what is known of every target at this moment, with all that is measured."""
        return {name: self._measured(name, state) for name, state in self.states.items()}

    def _measured(self, name: str, state: TargetState) -> TargetState:
        member = self.members[name]
        return msgspec.structs.replace(
            state,
            busy=member.gate.busy,
            loaded=self._loaded.get(name),
            first_token=member.measures.first_token.value,
            tokens_per_second=member.measures.tokens_per_second.value,
        )

    def take_over(self, before: Fleet) -> frozenset[str]:
        """Go on with what another fleet knows, and return the names of the targets whose state was taken over.

        A gate stays while its limits do, so that requests of before and after a reload share one limit; where a limit
        changed, each generation keeps its own until the older one is over. What a target has, whether it is down, and
        how fast it was, is still true while the same questions go to the same place.
        """
        for name in self.members.keys() & before.members.keys():
            mine, theirs = self.members[name], before.members[name]
            if _limits(mine.target) == _limits(theirs.target):
                self.members[name] = msgspec.structs.replace(mine, gate=theirs.gate)
        same = frozenset(name for name, member in self.members.items() if _asks_alike(member, before.members.get(name)))
        self.states.update((name, before.states[name]) for name in same)
        for name in same:
            self.members[name] = msgspec.structs.replace(self.members[name], measures=before.members[name].measures)
        return same

    def listed(self, name: str, models: Sequence[str]) -> None:
        """Remember what a target has; whoever lists models is up."""
        default = next((model for model in models if not any(word in model.lower() for word in _NOT_FOR_CHAT)), None)
        self.states[name] = TargetState(models=frozenset(models), default_model=default)

    def failed(self, name: str, why: str) -> None:
        """Remember that a target cannot be reached; what it has is still known, what it is has to be asked anew."""
        self.doubted(name)
        self.states[name] = msgspec.structs.replace(self.states[name], down=why, up=False)
        self._loaded.pop(name, None)

    def answered(self, name: str, model: str | None = None) -> None:
        """Remember that a target can be reached, and that the model that answered is loaded."""
        if model is not None and (loaded := self._loaded.get(name)) is not None and model not in loaded:
            self._loaded[name] = loaded | {model}
        if not self.states[name].healthy:
            self.states[name] = msgspec.structs.replace(self.states[name], down=None, up=True)

    def told_loaded(self, name: str, models: frozenset[str] | None) -> None:
        """Remember which models a target has loaded; None where it does not tell."""
        self._loaded.pop(name, None)
        if models is not None:
            self._loaded[name] = models

    def version(self, name: str) -> str | None:
        """Return the version that a target says it has; None where it has to be asked."""
        return self._versions.get(name)

    def told_version(self, name: str, version: str | None) -> None:
        """Remember the version of a target, or that it does not tell one."""
        self.doubted(name)
        if version is not None:
            self._versions[name] = version

    def doubted(self, name: str) -> None:
        """Forget the version of a target: something went wrong there, and another server may answer from now on."""
        self._versions.pop(name, None)


def _limits(target: Target) -> object:
    return target.kind, target.url, target.max_in_flight, target.queue


def _asks_alike(one: Member, other: Member | None) -> bool:
    return (
        other is not None
        and (one.target.kind, one.target.models) == (other.target.kind, other.target.models)
        and one.destination.is_same_as(other.destination)
    )
