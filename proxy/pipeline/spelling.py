"""How a text is spelled when it is looked for again: plain, and with look-alike letters as the Latin ones they show."""

from __future__ import annotations

from proxy.facts.letters import folded, normalise


def plainly(text: str) -> str:
    """Return a text in the one spelling that labels stick to."""
    return folded(normalise(text))
