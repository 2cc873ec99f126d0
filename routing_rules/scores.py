"""The features that make up a prompt's `complexity`, and how much each of them counts unless `[complexity]` says else.

`length`: how much there is to read. `structure`: lists, code, sections. `terms`: words of a subject. `reasoning`: words
that ask for proof, comparison, planning. `constraints`: what an answer must and must not have. `depth`: questions that
build on each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# Shares of the default scorer; they come to 1.
DEFAULT_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"length": 0.15, "structure": 0.15, "terms": 0.2, "reasoning": 0.25, "constraints": 0.15, "depth": 0.1}
)
