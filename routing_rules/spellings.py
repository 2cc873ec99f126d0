"""Every name that a client's model name stands for, so that no spelling of it gets past a label.

A label's condition on `model` is asked of all of them: the name as it was sent and trimmed; what an alias stands for,
and the aliases that stand for the same; with its target and without; what a target's `models` call it. Ollama's own
defaults count as nothing: `llama3.2` is `library/llama3.2`, `llama3.2:latest` and `llama3.2:local`. Case is the globs'
business.
Source of Ollama's defaults: `types/model/name.go` (`DefaultName`), `internal/modelref/modelref.go`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache

from routing_rules.facts import Facts, FactValue
from routing_rules.names import Use, renamed, split
from routing_rules.spec import Target

_REMEMBERED = 1024  # names, each of this many letters at most; clients send few, and again and again
_LONGEST = 200
_DEFAULT_HOST = re.compile(r"(?i)^(?:https?://)?registry\.ollama\.ai/")
_DEFAULT_SPACE = re.compile(r"(?i)^library/")
_DEFAULT_TAG = re.compile(r"(?i):\s*(?:latest|local)\s*$")


class Spellings:
    """Knows a rule file's targets and aliases, and by which names one model goes there."""

    def __init__(self, targets: Mapping[str, Target], aliases: Mapping[str, str]) -> None:
        self._targets = targets
        self._aliases = {alias.strip(): model for alias, model in aliases.items()}
        self._remembered = lru_cache(_REMEMBERED)(self._find)
        self._standing: dict[tuple[str, str], list[str]] = defaultdict(list)
        for alias, model in self._aliases.items():
            self._standing[self._identity(model)].append(alias)

    def of(self, name: str) -> tuple[str, ...]:
        """Return all names that a client's name stands for, as it was sent first."""
        return self._remembered(name) if len(name) <= _LONGEST else self._find(name)

    def _find(self, name: str) -> tuple[str, ...]:
        meant = self._aliases.get(name.strip(), name)
        aliases = self._standing.get(self._identity(meant), ())
        names = dict.fromkeys((name, *self._forms(name), *self._forms(meant), *aliases))
        return tuple(names)

    def _forms(self, name: str) -> Iterator[str]:
        """Write a name in every way, one part less at a time."""
        use = self._read(name)
        model = use.model or ""
        targets = [self._targets[use.target]] if use.target else list(self._targets.values())
        for one in (model, *(renamed(target, model) for target in targets)):
            for form in dict.fromkeys((one, _without_defaults(one))):
                yield form
                if use.target:
                    yield f"{use.target}:{form}"

    def _identity(self, name: str) -> tuple[str, str]:
        """Return what two names have in common that ask for the same model at the same target, or at any."""
        use = self._read(name)
        model = use.model or ""
        model = renamed(self._targets[use.target], model) if use.target else model
        return use.target, _without_defaults(model).casefold()

    def _read(self, name: str) -> Use:
        """Take a name apart; its target is empty where it names none."""
        use = split(name.strip(), self._targets)
        return Use(use.target, (use.model or "").strip()) if use else Use("", name.strip())


class Respelt:
    """The facts of a request as labels see them: its model by all its names."""

    def __init__(self, facts: Facts, spellings: Spellings) -> None:
        self._facts = facts
        self._spellings = spellings

    def value(self, name: str) -> FactValue:
        """Return a fact."""
        found = self._facts.value(name)
        return self._spellings.of(found) if name == "model" and isinstance(found, str) else found


def _without_defaults(model: str) -> str:
    bare = _DEFAULT_SPACE.sub("", _DEFAULT_HOST.sub("", model))
    return _DEFAULT_TAG.sub("", bare).strip()
