"""Every file has its twin: a test file of the same name in the same place, where the next reader looks first."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path.relative_to(ROOT) for name in ("proxy", "routing_rules") for path in (ROOT / name).rglob("*.py"))
SMALL = 5  # lines of code that need no twin: a docstring, a constant, what a package hands on

# Folders whose tests have a place of their own.
MOVED = {Path("proxy/demo"): Path("tests/demo")}

# Files that are tested under another name: where, and why there.
ELSEWHERE: dict[str, tuple[str, str]] = {
    "proxy/cli/__init__.py": ("tests/proxy/cli/test_options.py", "it only lists the commands"),
    "proxy/cli/application.py": ("tests/journeys/test_reload.py", "it is made in processes of its own"),
    "proxy/cli/demo.py": ("tests/demo/test_demo_command.py", "a demo is seen from outside, children and all"),
    "proxy/cli/hangup.py": ("tests/journeys/test_reload.py", "signals and terminals are seen from outside"),
    "proxy/cli/reported.py": ("tests/journeys/test_serving.py", "its sentences are what a user of `wye serve` reads"),
    "proxy/cli/serve.py": ("tests/journeys/test_serving.py", "starting and stopping are seen from outside"),
    "proxy/cli/start.py": ("tests/journeys/test_serving.py", "what is missing at the start is what a user reads"),
    "proxy/cli/workers.py": ("tests/journeys/test_reload.py", "workers live and die in processes of their own"),
    "proxy/config/schema.py": ("tests/house/test_config_toml.py", "its keys and defaults are those of config.toml"),
    "proxy/demo/canned.py": ("tests/demo/test_standin.py", "its words are read through the stand-in, by the SDK"),
    "proxy/demo/child.py": ("tests/demo/test_children.py", "it is what children run under"),
    "proxy/demo/samples.py": ("tests/demo/test_show.py", "its outcomes are what is shown"),
    "proxy/demo/stage.py": ("tests/demo/test_demo_command.py", "a whole demo is set up on it"),
    "proxy/endpoints/asgi_types.py": ("tests/proxy/endpoints/test_edge.py", "names of types; mypy is its test"),
    "proxy/reload/generation.py": ("tests/proxy/reload/test_generations.py", "it only holds the parts together"),
    "routing_rules/__init__.py": ("tests/house/test_names.py", "it only lists the public names"),
}


def lines_of_code(text: str) -> int:
    """Count lines that hold code: no comments, no docstrings, no empty lines."""
    documented = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and ast.get_docstring(node, clean=False) is not None
        for line in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
    }
    layout = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    held = {line for token in tokens if token.type not in layout for line in range(token.start[0], token.end[0] + 1)}
    return len(held - documented)


def twin_of(source: Path) -> Path:
    folder = MOVED.get(source.parent, Path("tests") / source.parent)
    return folder / f"test_{source.name}"


def needs_a_twin(source: Path) -> bool:
    return source.name != "__main__.py" and lines_of_code((ROOT / source).read_text(encoding="utf-8")) > SMALL


def holds_a_test(path: Path) -> bool:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return any(isinstance(node, kinds) and node.name.startswith("test_") for node in tree.body)


@pytest.mark.parametrize("source", [path for path in SOURCES if needs_a_twin(path)], ids=str)
def test_every_file_has_its_twin(source: Path) -> None:
    elsewhere = ELSEWHERE.get(source.as_posix())
    twin = Path(elsewhere[0]) if elsewhere else twin_of(source)
    assert (ROOT / twin).is_file(), f"{source} has no {twin}"
    assert holds_a_test(twin), f"{twin} tests nothing"


@pytest.mark.parametrize("source", sorted(ELSEWHERE))
def test_no_exception_outlives_its_reason(source: str) -> None:
    path = Path(source)
    assert path in SOURCES
    assert needs_a_twin(path)
    assert not (ROOT / twin_of(path)).exists()
    assert ELSEWHERE[source][1]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ('"""A docstring\nof two lines."""\n', 0),
        ("# a comment\n\n\n", 0),
        ("a = 1  # beside\nb = 2\n", 2),
        ('def f() -> None:\n    """Doc."""\n', 1),
        ("a = (\n    1,\n    2,\n)\n", 4),
        ('a = """text\nthat counts"""\n', 2),
    ],
)
def test_lines_of_code_are_counted_as_a_reader_would(text: str, count: int) -> None:
    assert lines_of_code(text) == count
