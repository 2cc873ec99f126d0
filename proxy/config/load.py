"""From a file to a `Config`, or to every problem in it at once, each with its line.

Three passes over the same files, and no pass hides another's findings: tables are decoded key by key, then the proxy's
own checks look at what came out, then the rules are compiled.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from proxy.config.checks import check_config
from proxy.config.environment import named_file
from proxy.config.includes import found_by, sound_entries, without_main_tables
from proxy.config.planned import is_offered
from proxy.config.schema import Config
from proxy.config.sources import Joined, Source
from routing_rules import Problem, RuleBook, RuleError, compile_rules
from routing_rules.advice import advise
from routing_rules.errors import Path as KeyPath

DEFAULT_FILE = Path("config.toml")
# Other programs have a config.toml too; these tables are ours, misspelt or not.
_OURS = re.compile(
    r"^\s*\[{1,2}\s*(?:targets?|rules?|labels?|facts?|boundary)\b|^\s*\[\s*server\s*\][^\[]*^\s*include\b", re.MULTILINE
)
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def find_file(option: Path | None, environ: Mapping[str, str], folder: Path) -> Path | None:
    """Return the file to read: the named one, else `WYE_CONFIG`, else wye's own config.toml in this folder, else None.

    A named file is returned whether it exists or not; a config.toml of another program is passed over.
    """
    if named := option or named_file(environ):
        return named
    default = folder / DEFAULT_FILE
    try:
        text = default.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError:
        return default
    return default if _OURS.search(text) else None


class Loaded(msgspec.Struct, frozen=True, eq=False):
    """A configuration, all files that were read for it, the main one first, and what it probably does not mean.

    `joined` knows where each part of it stands; one that no file gave has no places.
    """

    config: Config
    files: tuple[Path, ...] = ()
    warnings: tuple[Problem, ...] = ()
    joined: Joined | None = None

    def home(self, problems: Iterable[Problem]) -> list[Problem]:
        """Add file and line to problems of the whole that have none yet; an included file's are told in its terms."""
        return [self.joined.home(one) if self.joined and not one.file else one for one in problems]

    def place(self, path: KeyPath) -> tuple[str, int]:
        """Return the file and the line, from 1, of a path of the whole; line 0 where it stands in none."""
        placed = self.home([Problem(path=path, found="", expected="")])[0]
        return placed.file, placed.line


def read_config(path: Path) -> Loaded:
    """Read and decode a configuration file and those that it includes. Raises RuleError."""
    return _load(_read(path), path)


def decode_config(text: str, file: str) -> Config:
    """Decode a configuration and compile its rules to see that they hold. Raises RuleError with every problem.

    `file` says where the text is from: problems name it, and what it includes is looked for beside it.
    """
    return _load(text, Path(file)).config


def files_of(path: Path) -> tuple[Path, ...]:
    """Return the main file and all that it includes now, whatever is wrong with them: what a watcher watches."""
    try:
        tables = _parse(_read(path), path)
    except RuleError:
        return (path,)
    found = [one for entry, problem in sound_entries(tables, path) if not problem for one in found_by(entry, path)]
    return tuple(dict.fromkeys((path, *found)))


def _load(text: str, path: Path) -> Loaded:
    tables = _parse(text, path)
    main = Source(path, text, tables)
    problems, included = list(main.problems), _included(tables, path)
    sources = [one for one in included if isinstance(one, Source)]
    problems += [main.placed(one) if not one.file else one for one in included if isinstance(one, Problem)]
    joined = Joined([*sources, main])
    problems += [problem for source in sources for problem in source.problems] + joined.twice()
    if not any(isinstance(one, Problem) for one in included):  # what a file that is missing holds cannot be missed
        problems += joined.homes(check_all(joined.config))
    _raise_sorted(problems, [path, *(one.path if isinstance(one, Source) else one.file for one in included)])
    warnings = sorted(joined.homes(advise(joined.config.rules)), key=lambda problem: (problem.file, problem.line))
    return Loaded(joined.config, (path, *(source.path for source in sources)), tuple(warnings), joined)


def _included(tables: dict[str, Any], main: Path) -> list[Source | Problem]:
    """Read the files that the main one includes, each once, and what is wrong with them in their place."""
    read: dict[Path, list[Source | Problem]] = {}
    for at, (entry, problem) in enumerate(sound_entries(tables, main)):
        if problem:
            read[main / f"{at}"] = [problem]
            continue
        for path in found_by(entry, main):
            if path.resolve() not in read:
                read[path.resolve()] = _included_file(path, ("server", "include", at))
    return [one for found in read.values() for one in found]


def _included_file(path: Path, named: KeyPath) -> list[Source | Problem]:
    try:
        text = _read(path)
        tables, problems = without_main_tables(_parse(text, path))
    except RuleError as error:
        missing = not path.exists()
        return [
            msgspec.structs.replace(one, path=named, file="", found=f"{path}: {one.found}") if missing else one
            for one in error.problems
        ]
    return [Source(path, text, tables, problems)]


def decode_tables(text: str, file: str) -> Config:
    """Decode part of a configuration, such as a pack that leaves targets to others. Raises RuleError."""
    source = Source(Path(file), text, _parse(text, Path(file)))
    _raise_sorted(source.problems, [source.path])
    return source.config


def check_all(config: Config) -> list[Problem]:
    """Return every problem of a configuration that decoded: the proxy's own checks, then the rules'."""
    return compiled(config)[1]


def compiled(config: Config) -> tuple[RuleBook | None, list[Problem]]:
    """Compile the rules of a configuration, none where they do not compile, and give every problem that it has."""
    problems = list(check_config(config))
    try:
        return compile_rules(config.rules, is_offered), problems
    except RuleError as error:
        return None, [*problems, *error.problems]


def pack_text(name: str) -> str:
    """Return the text of a rule file that is shipped with wye."""
    return (files("routing_rules") / "packs" / f"{name}.toml").read_text(encoding="utf-8")


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        found, expected = "no such file", "a configuration file (`wye init` writes one)"
    except UnicodeDecodeError:
        found, expected = "bytes that are not UTF-8", "a text file in UTF-8"
    except ValueError:
        found, expected = "a name that no file can have", "the name of a file"
    except OSError as error:
        found, expected = f"a file that cannot be read ({error.strerror})", "a readable configuration file"
    raise RuleError([Problem(path=(), found=found, expected=expected, file=str(path))])


def _parse(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, place = str(error), _PLACE.search(str(error))
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        found = f"TOML that cannot be read: {_PLACE.sub('', message)}"
    except RecursionError:
        line, found = 0, "tables or lists inside each other without end"
    except ValueError:  # what Python itself refuses to read
        line, found = 0, "a number of thousands of digits"
    raise RuleError([Problem(path=(), found=found, expected="valid TOML", file=str(path), line=line)])


def _raise_sorted(problems: list[Problem], files: Sequence[Path | str]) -> None:
    """Raise the problems, if there are any, in the order of the files and of the lines in them."""
    if problems:
        order = [str(file) for file in files]
        raise RuleError(sorted(problems, key=lambda problem: (order.index(problem.file), problem.line)))
