"""From tables of plain values to frozen Structs, key by key, so that one fault does not hide the next.

msgspec stops at the first value it cannot convert. Here every key is converted alone: what fails is noted, a stand-in
takes its place, and the walk goes on. `blames` then keeps the checks that follow from complaining about stand-ins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo

from proxy.config import words
from proxy.config.planned import planned_key, planned_value
from routing_rules.errors import Path, Problem, spell
from routing_rules.spelling import nearest
from routing_rules.toml_text import kind_of
from routing_rules.units import Bytes, Seconds

T = TypeVar("T", bound=msgspec.Struct)
_ANY_TABLE = dict[str, Any]
_KEPT: dict[Any, Any] = {_ANY_TABLE: {"model": "*"}, float: 1.0}


class Decoder:
    """Decodes tables into Structs and gathers every problem on the way."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._broken: list[Path] = []
        self._written: dict[Path, str] = {}

    def table(self, kind: type[T], raw: object, path: Path = ()) -> T:
        """Decode one table. What it lacks or gets wrong has a stand-in and a problem, so it always returns."""
        if not isinstance(raw, Mapping):
            # Only the kind of the value: in `[target] key = "sk-…"` the name is missing and the secret is here.
            self._refuse(path, kind_of(raw), _in_brackets(path))
            raw = {}
        fields = msgspec.structs.fields(kind)
        known = self._known(fields, raw, path)
        return kind(**{field.name: self._field(field, known, (*path, field.name)) for field in fields})

    def blames(self, path: Path) -> bool:
        """Say whether a value at this path is a stand-in, or lies inside one."""
        return any(path[: len(broken)] == broken for broken in self._broken)

    def as_written(self, path: Path) -> Path:
        """Return a path with its keys as the file spells them, where they were misspelt."""
        return tuple(self._written.get(path[: at + 1], key) for at, key in enumerate(path))

    def _known(self, fields: tuple[FieldInfo, ...], raw: Mapping[str, Any], path: Path) -> dict[str, Any]:
        """Keep the keys that the table has; a misspelt one is refused, and read as what was meant."""
        names = [field.name for field in fields]
        known = {name: value for name, value in raw.items() if name in names}
        for name in [name for name in raw if name not in known]:
            if problem := planned_key(path, name):
                self.problems.append(problem)
                continue
            close = nearest(name, names)
            expected = "one of " + ", ".join(names)
            self.problems.append(
                Problem(path=(*path, name), found=f"the unknown key `{name}`", expected=expected, nearest=close)
            )
            if close and close not in known:
                known[close] = raw[name]
                self._written[*path, close] = name
        return known

    def _field(self, field: FieldInfo, known: Mapping[str, Any], path: Path) -> Any:
        if field.name in known:
            return self._value(field, known[field.name], path)
        if not field.required:
            return field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
        if not self.blames(path):
            expected = f"`{field.name}`: the key is missing ({words.wanted(field.type)})"
            self.problems.append(Problem(path=path[:-1], found=f"no key `{field.name}`", expected=expected))
            self._broken.append(path)
        return _stand_in(field, None, path)

    def _value(self, field: FieldInfo, value: Any, path: Path) -> Any:
        kind, arguments = get_origin(field.type), get_args(field.type)
        if words.is_table(field.type):
            return self.table(field.type, value, path)
        if kind is dict and isinstance(value, dict) and arguments[1] is not Any:
            return self._named(field, arguments[1], value, path)
        if kind is tuple and isinstance(value, list) and words.is_table(arguments[0]):
            return tuple(self.table(arguments[0], item, (*path, at)) for at, item in enumerate(value))
        return self._convert(field, field.type, value, path)

    def _named(self, field: FieldInfo, kind: Any, values: dict[str, Any], path: Path) -> dict[str, Any]:
        if words.is_table(kind):
            return {name: self.table(kind, value, (*path, name)) for name, value in values.items()}
        converted = {name: self._convert(field, kind, value, (*path, name)) for name, value in values.items()}
        for name in [name for name in converted if self.blames((*path, name))]:
            if kind in _KEPT:
                converted[name] = _KEPT[kind]  # whoever refers to it by name is not to blame
            else:
                del converted[name]
        return converted

    def _convert(self, field: FieldInfo, kind: Any, value: Any, path: Path) -> Any:
        try:
            return msgspec.convert(value, kind, dec_hook=_measures)
        except msgspec.ValidationError:
            if problem := planned_value(path, value):
                self.problems.append(problem)
                self._broken.append(path)
            else:
                self._refuse(path, words.shown(value, path), _wanted(kind, path), _nearest_choice(kind, value))
            return _stand_in(field, value, path)

    def _refuse(self, path: Path, found: str, expected: str, close: str | None = None) -> None:
        self.problems.append(Problem(path=path, found=found, expected=expected, nearest=close))
        self._broken.append(path)


def _measures(kind: type, value: object) -> object:
    if issubclass(kind, Seconds | Bytes):
        return kind.parse(value)
    raise NotImplementedError(kind)


def _nearest_choice(kind: Any, value: object) -> str | None:
    return nearest(value, get_args(kind)) if get_origin(kind) is Literal and isinstance(value, str) else None


def _wanted(kind: Any, path: Path) -> str:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (dict, tuple) and len(path) == 1 and any(words.is_table(one) for one in arguments):
        return _in_brackets((*path, "NAME" if origin is dict else 0))
    return words.wanted(kind)


def _in_brackets(path: Path) -> str:
    match path:
        case (str() as name, int()):
            return f"tables, each under [[{name}]]"
        case ("target", str()):
            return "a table with a name, as in [target.local]"
    return "a table"


def _stand_in(field: FieldInfo, value: object, path: Path) -> Any:
    """Something of the right type that raises no complaint of its own where it can be helped."""
    if _ANY_TABLE in (field.type, *get_args(field.type)):
        # Unlike an empty `when`, this one does not take every request, and no other rule has the same.
        return {"model": spell(path)}
    if not field.required:
        return field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    if get_origin(field.type) is Literal:
        return _nearest_choice(field.type, value) or get_args(field.type)[0]
    return () if get_origin(field.type) is tuple else spell(path)
