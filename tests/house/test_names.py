"""The public names of `routing_rules` are a promise to whoever uses it without wye, so they are written down once."""

from __future__ import annotations

import ast
import types
from pathlib import Path

import routing_rules

FOLDER = Path(routing_rules.__file__).parent


def test_all_is_exactly_what_is_public() -> None:
    public = {
        name
        for name, value in vars(routing_rules).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    assert set(routing_rules.__all__) == public


def test_all_is_sorted_and_names_nothing_twice() -> None:
    constants = [name for name in routing_rules.__all__ if name.isupper()]
    classes = [name for name in routing_rules.__all__ if not name.isupper() and name[0].isupper()]
    functions = [name for name in routing_rules.__all__ if name[0].islower()]
    assert routing_rules.__all__ == [*sorted(constants), *sorted(classes), *sorted(functions)]
    assert len(set(routing_rules.__all__)) == len(routing_rules.__all__)


def test_every_public_name_is_the_packages_own() -> None:
    places = {name: getattr(getattr(routing_rules, name), "__module__", None) for name in routing_rules.__all__}
    foreign = {name: place for name, place in places.items() if place and not place.startswith("routing_rules")}
    assert foreign.keys() <= {"FactValue", "Fleet", "Labels", "Path", "NO_LABELS"}  # aliases of built-in types


def test_its_docstring_tells_the_model_on_one_page() -> None:
    page = ast.get_docstring(ast.parse((FOLDER / "__init__.py").read_text(encoding="utf-8"))) or ""
    assert 5 <= len(page.splitlines()) <= 60
    assert all(word in page for word in ("target", "label", "rule", "Plan", "RuleBook.label", "RuleBook.plan"))
