"""The nearest spelling of a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that looks most like `name`, or None when nothing comes close.

    `cutoff` is how alike they must be, from 0 to 1 (`difflib.SequenceMatcher.ratio`).
    """
    spelt = {candidate.casefold(): candidate for candidate in known}
    close = get_close_matches(name.casefold(), spelt, n=1, cutoff=cutoff)
    return spelt[close[0]] if close else None
