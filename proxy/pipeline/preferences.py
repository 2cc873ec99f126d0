"""What a caller may ask of wye itself: to bind its request with a label, or to force a target.

Any caller may add a label and none may take one away, so nothing here is a right. `x-wye-*` headers and the body's
`routing_preferences` say the same; neither travels on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from proxy.errors import BadRequest
from proxy.wire.chat import PREFERENCES
from routing_rules import Labelled, Target
from routing_rules.plan import PRIVATE, is_label

_PRIVATE_LEVELS = ("high", "max")
_LEVELS = ("standard", *_PRIVATE_LEVELS)


def brought_labels(headers: Mapping[str, str], preferences: Mapping[str, Any]) -> Labelled:
    """Return the labels that a request brings along. Raises BadRequest for what is no label or no level."""
    labelled = Labelled()
    for label in _named_labels(headers):
        labelled = labelled.with_label(label, "the x-wye-label header")
    levels = (headers.get("x-wye-privacy-level"), preferences.get("privacy_level"))
    for level in (level for level in levels if level is not None):
        if level not in _LEVELS:
            raise BadRequest(
                f"The privacy level must be one of {', '.join(_LEVELS)}.", param=f"{PREFERENCES}.privacy_level"
            )
        if level in _PRIVATE_LEVELS:
            labelled = labelled.with_label(PRIVATE, f"the privacy level {level}")
    return labelled


def _named_labels(headers: Mapping[str, str]) -> Iterator[str]:
    for label in headers.get("x-wye-label", "").split(","):
        word = label.strip().lower()
        if word and not is_label(word):
            raise BadRequest("x-wye-label must be words of letters, digits, '-' and '_', with commas between them.")
        if word:
            yield word


def forced_target(
    headers: Mapping[str, str], preferences: Mapping[str, Any], targets: Mapping[str, Target]
) -> str | None:
    """Return the target that a request forces, by name or by a kind that only one target has. Raises BadRequest."""
    forced = headers.get("x-wye-force-provider") or preferences.get("force_provider")
    if forced is None:
        return None
    of_kind = [name for name, target in targets.items() if target.kind == forced]
    if isinstance(forced, str) and forced in targets:
        return forced
    if len(of_kind) == 1:
        return of_kind[0]
    raise BadRequest("The forced provider must be the name of a target.", param=f"{PREFERENCES}.force_provider")
