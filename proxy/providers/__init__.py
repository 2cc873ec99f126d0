"""Providers: one dialect each, chosen by a target's `kind`."""

from __future__ import annotations

from proxy.providers.base import Provider
from proxy.providers.local import Compatible, Ollama
from proxy.providers.openai import OpenAI

PROVIDERS: dict[str, Provider] = {"openai": OpenAI(), "ollama": Ollama(), "compatible": Compatible()}
