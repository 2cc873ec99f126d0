"""All targets with what is known of them: where they are, how they talk, what they have, whether they are down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from proxy.providers import PROVIDERS
from proxy.providers.base import Provider
from proxy.upstream.admission import Gate
from proxy.upstream.destination import Destination
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

    def listed(self, name: str, models: Sequence[str]) -> None:
        """Remember what a target has; whoever lists models is up."""
        default = next((model for model in models if not any(word in model.lower() for word in _NOT_FOR_CHAT)), None)
        self.states[name] = TargetState(models=frozenset(models), default_model=default)

    def failed(self, name: str, why: str) -> None:
        """Remember that a target cannot be reached; what it has is still known."""
        self.states[name] = msgspec.structs.replace(self.states[name], down=why)

    def answered(self, name: str) -> None:
        """Remember that a target can be reached."""
        if self.states[name].down is not None:
            self.states[name] = msgspec.structs.replace(self.states[name], down=None)
