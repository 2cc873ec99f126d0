"""Small by habit: no file over 400 lines, no function over 60, and every public name says what it promises."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path.relative_to(ROOT) for name in ("proxy", "routing_rules") for path in (ROOT / name).rglob("*.py"))
LONGEST_FILE = 400
LONGEST_FUNCTION = 60

Function = ast.FunctionDef | ast.AsyncFunctionDef
Named = Function | ast.ClassDef


def text_of(source: Path) -> str:
    return (ROOT / source).read_text(encoding="utf-8")


def functions(tree: ast.AST) -> list[Function]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def length(function: Function) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


def public(node: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, Named]]:
    """Give the public functions and classes of a module, and the public methods of its public classes."""
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not inner.name.startswith("_"):
            yield prefix + inner.name, inner
            if isinstance(inner, ast.ClassDef):
                yield from public(inner, f"{prefix}{inner.name}.")


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_no_file_is_too_long(source: Path) -> None:
    assert len(text_of(source).splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_no_function_is_too_long(source: Path) -> None:
    long = {one.name: length(one) for one in functions(ast.parse(text_of(source))) if length(one) > LONGEST_FUNCTION}
    assert long == {}


@pytest.mark.parametrize("source", [path for path in SOURCES if path.name != "__main__.py"], ids=str)
def test_every_file_and_every_public_name_has_a_docstring(source: Path) -> None:
    tree = ast.parse(text_of(source))
    assert ast.get_docstring(tree), f"{source} does not say why it exists"
    assert [name for name, node in public(tree) if not ast.get_docstring(node)] == []


def test_the_measure_sees_what_it_should() -> None:
    tree = ast.parse(
        "class A:\n    def f(self):\n        pass\n    def _g(self): ...\nclass _B:\n    def h(self): ...\n"
    )
    assert [name for name, _ in public(tree)] == ["A", "A.f"]
    assert [length(one) for one in functions(tree)] == [2, 1, 1]
