"""`{{name}}` and `{{name:argument}}`: what may not be written down in a repository is made at load, the same each time.

A key that looks real would be reported by the scanners of code hosts, so the files only say what it is made of.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from tests.corpora import credentials, identities

Maker = Callable[[Random, str], str]

# A template of some other language (`{{ .Values.x }}`) has a space or a dot after its braces and stays as it is.
PLACEHOLDER = re.compile(r"\{\{([A-Za-z][A-Za-z0-9_]*)(?::([^{}]*))?\}\}")

MAKERS: dict[str, Maker] = {**credentials.MAKERS, **identities.MAKERS, "braces": lambda _, name: "{{" + name + "}}"}


def expand(text: str, seed: str) -> str:
    """Fill in every placeholder of a text; the same seed gives the same text.

    Raises
    ------
    ValueError: a placeholder that is not known.

    """
    random = Random(seed)
    return PLACEHOLDER.sub(lambda found: _make(found[1], found[2] or "", random), text)


def _make(name: str, argument: str, random: Random) -> str:
    maker = MAKERS.get(name)
    if maker is None:
        raise ValueError(f"no placeholder is called {name!r}")
    return maker(random, argument)
