"""What a caller may ask of wye itself: to bind its request with a label, to force a target, to be quick or thorough.

Any caller may add a label and none may take one away, so nothing here is a right. `x-wye-*` headers and the body's
`routing_preferences` say the same; neither travels on. What is misspelt is refused: a preference that is passed over
without a word would lose a request its privacy.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from proxy.errors import BadRequest
from proxy.wire.chat import PREFERENCES
from routing_rules import Labelled, Labels, Target
from routing_rules.plan import PRIVATE, is_label
from routing_rules.spelling import nearest

_PRIVATE_LEVELS = ("high", "max")
_LEVELS = ("standard", *_PRIVATE_LEVELS)
_LATENCIES = ("speed", "balanced", "quality")
_NAMES = ("force_provider", "privacy_level", "latency_preference")
_HEADER = "x-wye-"
_HEADERS = ("label", "force-provider", "privacy-level", "latency-preference", "deadline", "explain")
_FACT = "preference."
_HINT = re.compile("(?i)wye|rout|pref|privacy|force|latency")  # what a field must hold to be worth a closer look
_ALIKE = 0.8  # how alike a field and `routing_preferences` are, from 0 to 1, for one to be a misspelling of the other


def brought_labels(headers: Mapping[str, str], preferences: Mapping[str, Any], facts: Collection[str] = ()) -> Labelled:
    """Return the labels that a request brings along.

    `facts` are those that the rules in force ask for: a preference of which they know may be stated, too. Raises
    BadRequest for what is no label or no level, and for a preference or a header that wye does not have.
    """
    _refuse_unknown(headers, preferences, facts)
    _check_latency(headers, preferences)
    labelled = Labelled()
    for label in _named_labels(headers):
        labelled = labelled.with_label(label, "the x-wye-label header")
    for level in _stated(headers, preferences, "privacy_level"):
        if level not in _LEVELS:
            raise BadRequest(f"The privacy level must be one of {', '.join(_LEVELS)}.", param=_param("privacy_level"))
        # Where header and body differ, the stricter binds.
        if level in _PRIVATE_LEVELS:
            labelled = labelled.with_label(PRIVATE, f"the privacy level {level}")
    return labelled


def stated_labels(headers: Mapping[str, str], preferences: object) -> Labels:
    """Return the labels that a request states which is refused, as far as they can be read; never raises.

    What was sent may be sent again without them. A privacy level that there is none of is taken for a high one.
    """
    named = (label.strip().lower() for label in headers.get(f"{_HEADER}label", "").split(","))
    levels = _stated(headers, preferences if isinstance(preferences, dict) else {}, "privacy_level")
    level = {PRIVATE} if any(level != _LEVELS[0] for level in levels) else set()
    return frozenset({label for label in named if is_label(label)} | level)


def _refuse_unknown(headers: Mapping[str, str], preferences: Mapping[str, Any], facts: Collection[str]) -> None:
    known = (*_NAMES, *(fact.removeprefix(_FACT) for fact in facts if fact.startswith(_FACT))) if preferences else ()
    for name in preferences:
        if name not in known:
            raise BadRequest(
                f"There is no such preference in '{PREFERENCES}'.{_did_you_mean(name, known)}", param=PREFERENCES
            )
    for header in headers:
        name = header.removeprefix(_HEADER)
        if _is_ours(header) and (name == header or name not in _HEADERS):
            meant = name.replace("_", "-").removeprefix("x-").removeprefix("wye-")
            raise BadRequest(f"There is no such {_HEADER}* header.{_did_you_mean(meant, _HEADERS, _HEADER)}")


def refuse_misplaced(document: Mapping[str, Any]) -> None:
    """Raise BadRequest for a body that states a preference where wye does not read it, or under a misspelt name.

    A wish for privacy that no one hears would be a leak. `routing_preferences` itself is judged by `brought_labels`.
    """
    for name in filter(_HINT.search, document):
        plain = _plain(name)
        if name != PREFERENCES and nearest(plain, (_plain(PREFERENCES),), cutoff=_ALIKE):
            raise BadRequest(f"There is no such field. Did you mean '{PREFERENCES}'?", param=PREFERENCES)
        if _is_ours(name):
            raise BadRequest(f"{_HEADER}* are headers, and no fields of a body.")
        if stated := next((one for one in _NAMES if plain == _plain(one)), None):
            raise BadRequest(f"A preference stands in '{PREFERENCES}': '{_param(stated)}'.", param=_param(stated))


def _is_ours(name: str) -> bool:
    """Say whether a name is meant for wye, however its parts are joined: `x-wye-label`, `x_wye_label`, `wye-label`."""
    return _plain(name).startswith(("xwye", "wye"))


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _did_you_mean(name: str, known: Collection[str], prefix: str = "") -> str:
    """Suggest a name; the one that was found is a client's text and not repeated."""
    close = nearest(name, known)
    return f" Did you mean '{prefix}{close}'?" if close else f" There are: {', '.join(prefix + one for one in known)}."


def _check_latency(headers: Mapping[str, str], preferences: Mapping[str, Any]) -> None:
    """Refuse what no rule could have meant. Rules read the preference as the fact `preference.latency_preference`."""
    stated = _stated(headers, preferences, "latency_preference")
    if any(value not in _LATENCIES for value in stated):
        raise BadRequest(
            f"The latency preference must be one of {', '.join(_LATENCIES)}.", param=_param("latency_preference")
        )
    if len(set(stated)) > 1:
        raise BadRequest("Header and body state different latency preferences.", param=_param("latency_preference"))


def _stated(headers: Mapping[str, str], preferences: Mapping[str, Any], name: str) -> list[Any]:
    values = (headers.get(_HEADER + name.replace("_", "-")), preferences.get(name))
    return [value for value in values if value is not None]


def _param(name: str) -> str:
    return f"{PREFERENCES}.{name}"


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
    """Return the target that a request forces, by name or by a kind that only one target has.

    Raises BadRequest where there is no such target, or header and body force different ones.
    """
    named = headers.get("x-wye-force-provider") or None
    forced = {_forced(one, targets) for one in (named, preferences.get("force_provider")) if one is not None}
    if len(forced) > 1:
        raise BadRequest("Header and body force different providers.", param=_param("force_provider"))
    return next(iter(forced), None)


def _forced(wanted: object, targets: Mapping[str, Target]) -> str:
    of_kind = [name for name, target in targets.items() if target.kind == wanted]
    if isinstance(wanted, str) and wanted in targets:
        return wanted
    if len(of_kind) == 1:
        return of_kind[0]
    raise BadRequest("The forced provider must be the name of a target.", param=_param("force_provider"))
