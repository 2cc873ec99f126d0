"""From a file to a `Config`, or to every problem in it at once, each with its line.

Three passes over the same file, and no pass hides another's findings: tables are decoded key by key, then the proxy's
own checks look at what came out, then the rules are compiled.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from proxy.config.checks import check_config
from proxy.config.decode import Decoder
from proxy.config.environment import named_file
from proxy.config.schema import Config
from routing_rules import Problem, RuleError, compile_rules
from routing_rules.locate import Locator

DEFAULT_FILE = Path("config.toml")
# Other programs have a config.toml too; these tables are ours, misspelt or not.
_OURS = re.compile(r"^\s*\[{1,2}\s*(?:targets?|rules?|labels?|boundary)\b", re.MULTILINE)
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


def read_config(path: Path) -> Config:
    """Read and decode a configuration file. Raises RuleError."""
    return decode_config(_read(path), str(path))


def decode_config(text: str, file: str) -> Config:
    """Decode a configuration and compile its rules to see that they hold. Raises RuleError with every problem."""
    decoder = Decoder()
    config = decoder.table(Config, _parse(text, file))
    later = [problem for problem in check_all(config) if not decoder.blames(problem.path)]
    _raise_placed([*decoder.problems, *later], decoder, text, file)
    return config


def decode_tables(text: str, file: str) -> Config:
    """Decode part of a configuration, such as a pack that leaves targets to others. Raises RuleError."""
    decoder = Decoder()
    config = decoder.table(Config, _parse(text, file))
    _raise_placed(decoder.problems, decoder, text, file)
    return config


def check_all(config: Config) -> Iterator[Problem]:
    """Yield every problem of a configuration that decoded: the proxy's own checks, then the rules'."""
    yield from check_config(config)
    try:
        compile_rules(config.rules)
    except RuleError as error:
        yield from error.problems


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
    except OSError as error:
        found, expected = f"a file that cannot be read ({error.strerror})", "a readable configuration file"
    raise RuleError([Problem(path=(), found=found, expected=expected, file=str(path))])


def _parse(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, place = str(error), _PLACE.search(str(error))
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        found = f"TOML that cannot be read: {_PLACE.sub('', message)}"
    except RecursionError:
        line, found = 0, "tables or lists inside each other without end"
    raise RuleError([Problem(path=(), found=found, expected="valid TOML", file=file, line=line)])


def _raise_placed(problems: Iterable[Problem], decoder: Decoder, text: str, file: str) -> None:
    """Raise the problems, if there are any, in the order of the file."""
    locator = Locator(text)
    placed = [_placed(problem, decoder, locator, file) for problem in problems]
    if placed:
        raise RuleError(sorted(placed, key=lambda problem: problem.line))


def _placed(problem: Problem, decoder: Decoder, locator: Locator, file: str) -> Problem:
    written = decoder.as_written(problem.path)
    return msgspec.structs.replace(problem, path=written, file=file, line=locator.line(written))
