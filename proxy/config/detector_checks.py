"""What `[complexity]` and `[secrets]` must not say, beyond what their types already forbid."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from routing_rules import Complexity, Path, Problem, Secrets
from routing_rules.patterns import compiled
from routing_rules.scores import DEFAULT_WEIGHTS
from routing_rules.spelling import nearest
from routing_rules.toml_text import spelt


def check_detectors(complexity: Complexity, secrets: Secrets) -> Iterator[Problem]:
    """Yield every problem of the two tables. No pattern of `[secrets]` is repeated: it may hold a secret itself."""
    yield from _complexity(complexity)
    for name, pattern in secrets.patterns.items():
        yield from _pattern(pattern, ("secrets", "patterns", name), "finds something in every text")
    for at, pattern in enumerate(secrets.ignore):
        yield from _pattern(pattern, ("secrets", "ignore", at), "also matches where there is nothing")


def _complexity(complexity: Complexity) -> Iterator[Problem]:
    path: Path = ("complexity", "weights")
    if complexity.weights and complexity.scorer == "article":
        yield Problem(path=path, found="weights", expected='scorer = "default": those of the article are its own')
    for name, weight in complexity.weights.items():
        if name not in DEFAULT_WEIGHTS:
            expected = "a feature: " + ", ".join(DEFAULT_WEIGHTS)
            close = nearest(name, DEFAULT_WEIGHTS)
            yield Problem(path=(*path, name), found=f"the feature {name!r}", expected=expected, nearest=close)
        elif not isfinite(weight):
            yield Problem(path=(*path, name), found=spelt(weight), expected="a finite number")


def _pattern(pattern: str, path: Path, too_wide: str) -> Iterator[Problem]:
    try:
        regex = compiled(pattern)
    except ValueError as error:
        # RE2 quotes the piece it stumbles over; what stands before the colon is the reason.
        reason = str(error).partition(":")[0]
        expected = f"a regular expression of RE2, which says: {reason}"
        yield Problem(path=path, found="a pattern that does not compile", expected=expected)
        return
    if regex.search("") is not None:
        yield Problem(path=path, found=f"a pattern that {too_wide}", expected="one that matches some letters at least")
