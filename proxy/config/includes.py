"""The other files of a configuration: which of them `[server] include` names, and what they may hold."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from routing_rules import Problem
from routing_rules.toml_text import spelt

_WILDCARDS = frozenset("*?[")
# What concerns the whole server, or every rule, is said once, in the main file.
_MAIN_ONLY = ("server", "log", "facts_log", "complexity", "secrets")


def named_in(tables: dict[str, Any]) -> list[str]:
    """Return the entries of `[server] include`, as far as they are what they should be."""
    server = tables.get("server")
    entries = server.get("include") if isinstance(server, dict) else None
    return [entry for entry in entries if isinstance(entry, str)] if isinstance(entries, list) else []


def found_by(entry: str, main: Path) -> list[Path]:
    """Return the files that one entry names, sorted; a name without wildcards is returned whether it exists or not.

    Relative names start in the folder of the main file, which no pattern ever finds itself.
    """
    if not _WILDCARDS.intersection(entry):
        return [main.parent / entry]
    pattern = str(Path(glob.escape(str(main.parent))) / entry)
    paths = (Path(name) for name in glob.glob(pattern, recursive=True))  # noqa: PTH207 - absolute patterns, too
    return sorted(path for path in paths if path.is_file() and path.resolve() != main.resolve())


def sound_entries(tables: dict[str, Any], main: Path) -> Iterator[tuple[str, Problem | None]]:
    """Yield every entry, with what is wrong with it as far as no file has to be read for it."""
    for at, entry in enumerate(named_in(tables)):
        path = ("server", "include", at)
        if not entry.strip() or not entry.isprintable():
            expected = 'a file or a pattern such as "rules/*.toml"'
            yield entry, Problem(path=path, found=spelt(entry), expected=expected)
        elif not _WILDCARDS.intersection(entry) and (main.parent / entry).resolve() == main.resolve():
            yield entry, Problem(path=path, found="this file itself", expected="another file")
        else:
            yield entry, None


def without_main_tables(tables: dict[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Leave out of an included file what only the main one may hold, with a problem for each such table."""
    problems = []
    for name in _MAIN_ONLY:
        if name in tables:
            found = "an include in an included file" if name == "server" and named_in(tables) else f"[{name}]"
            problems.append(Problem(path=(name,), found=found, expected=f"[{name}] in the main file only"))
    return {name: value for name, value in tables.items() if name not in _MAIN_ONLY}, problems
