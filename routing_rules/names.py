"""Model names: which target a name points at, and what that target calls the model.

A colon belongs to the name unless a known target stands before it, so `llama3.1:8b` is one model and
`local:llama3.1:8b` is that model on `local`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from routing_rules import globs
from routing_rules.facts import TargetState
from routing_rules.spec import Target

NAMED_BY_CLIENT = "named by the client"  # stands where a rule's name would, for a client that named a target itself
KIND_PREFIXES = ("openai", "ollama")
# What OpenAI's own names look like: only asked while its catalogue could not be read (a key without that right).
OPENAI_NAMES = ("gpt-*", "chatgpt-*", "o1*", "o3*", "o4*", "codex-*", "ft:*", "text-embedding-*", "omni-moderation-*")


class Use(msgspec.Struct, frozen=True):
    """A target, and the model asked of it: a name, `*` for the client's own, None for whatever fits."""

    target: str
    model: str | None = None

    def __str__(self) -> str:
        return f"{self.target}:{self.model}" if self.model else self.target


def split(name: str, targets: Mapping[str, Target]) -> Use | None:
    """Read `target:model`, or `openai:`/`ollama:` where exactly one target is of that kind; None for a plain name."""
    prefix, colon, model = name.partition(":")
    if not colon or not model:
        return None
    if prefix in targets:
        return Use(prefix, model)
    of_kind = [key for key, target in targets.items() if target.kind == prefix]
    return Use(of_kind[0], model) if prefix in KIND_PREFIXES and len(of_kind) == 1 else None


def has_model(target: Target, state: TargetState, model: str) -> bool | None:
    """Say whether a target has a model by this name; None while its catalogue is not known."""
    if isinstance(target.models, dict):
        return model in target.models
    if target.models is not None:
        return any(globs.matches(name, model) for name in target.models)
    if state.models is None:
        return True if target.kind == "openai" and any(globs.matches(name, model) for name in OPENAI_NAMES) else None
    return model in state.models or (target.kind == "ollama" and f"{model}:latest" in state.models)


def upstream_model(use: Use, asked: str | None, target: Target, state: TargetState) -> str | None:
    """Choose the upstream's model for one candidate, or None when it has none that fits.

    The rule's own model, else the client's if the target has it, else the target's `model`, else the first it lists.
    While a catalogue is unknown the target's `model` is the safer answer, and the client's the last resort.
    """
    if use.model is not None and use.model != "*":
        return renamed(target, use.model)
    known = asked is not None and has_model(target, state, asked)
    if asked is not None and (use.model == "*" or known):
        return renamed(target, asked)
    fallback = target.model or state.default_model or (asked if known is None else None)
    return renamed(target, fallback) if fallback else None


def renamed(target: Target, model: str) -> str:
    """Map a public name to the upstream's, where the target's `models` is a map."""
    return target.models.get(model, model) if isinstance(target.models, dict) else model
