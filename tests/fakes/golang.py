"""Go's `encoding/json` as far as Ollama's clients can notice it: strict types, its error texts, its escapes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

INT64 = 2**63


class GoError(ValueError):
    """What a Go function returned as its error; the text is Go's."""


class _Float(float):
    """A number written with a point or an exponent, which remembers how."""

    text: str

    @classmethod
    def read(cls, text: str) -> _Float:
        number = cls(text)
        number.text = text
        return number


@dataclass(frozen=True)
class Struct:
    """A Go struct by its printed name ("openai.Message"; "" when anonymous) and its JSON fields."""

    name: str
    fields: Mapping[str, Type]
    printed: str = ""


@dataclass(frozen=True)
class Slice:
    """A Go slice."""

    item: Type


Type = str | Struct | Slice
Report = Callable[[str, str], GoError]


def parse(body: bytes) -> Any:
    """The first JSON value of a body, as `json.NewDecoder(...).Decode` takes it; later bytes are ignored."""
    text = body.decode("utf-8", "replace").lstrip(" \t\r\n")
    if not text:
        raise GoError("EOF")
    try:
        return json.JSONDecoder(parse_float=_Float.read, parse_constant=_refuse_constant).raw_decode(text)[0]
    except json.JSONDecodeError as failure:
        raise GoError(_syntax(text, failure)) from None


def decode(value: Any, into: Type) -> Any:
    """The value as Go's strict types take it: unknown fields and nulls are dropped, a wrong type is a GoError."""
    return _decode(value, into, lambda kind, wanted: GoError(_mismatch(kind, f"value of type {wanted}")))


def marshal(value: Any) -> str:
    """Compact JSON with the HTML escapes of `json.Marshal`."""
    text = json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))
    escapes: dict[str, str | int | None] = {
        "<": "\\u003c",
        ">": "\\u003e",
        "&": "\\u0026",
        "\u2028": "\\u2028",
        "\u2029": "\\u2029",
    }
    return text.translate(str.maketrans(escapes))


def type_of(value: Any) -> str:
    """What `%T` prints for a decoded value."""
    names = {str: "string", bool: "bool", dict: "map[string]interface {}", list: "[]interface {}"}
    return "<nil>" if value is None else names.get(type(value), "float64")


def _refuse_constant(name: str) -> Any:
    raise GoError(f"invalid character '{name[0]}' looking for beginning of value")


def _syntax(text: str, failure: json.JSONDecodeError) -> str:
    if failure.pos >= len(text) or failure.msg.startswith("Unterminated"):
        return "unexpected EOF"
    wheres = {"Expecting value": "looking for beginning of value", "Expecting ':'": "after object key"}
    where = next((w for start, w in wheres.items() if failure.msg.startswith(start)), "")
    keyed = "looking for beginning of object key string"
    return f"invalid character '{text[failure.pos]}' {where or keyed}"


def _mismatch(kind: str, place: str) -> str:
    return f"json: cannot unmarshal {kind} into Go {place}"


def _decode(value: Any, into: Type, report: Report) -> Any:
    if into == "any":
        return _string(value) if isinstance(value, str) else value
    if value is None:
        return None
    if isinstance(into, Struct):
        return _decode_struct(value, into, report)
    if isinstance(into, Slice):
        if not isinstance(value, list):
            raise report(_kind(value), _name(into))
        return [_decode(item, into.item, report) for item in value]
    return _decode_scalar(value, into, report)


def _decode_struct(value: Any, into: Struct, report: Report, path: tuple[str, ...] = ()) -> Any:
    if not isinstance(value, dict):
        raise report(_kind(value), _name(into))
    fields = {name.lower(): name for name in into.fields}
    taken = {}
    for key, item in value.items():
        name = fields.get(key.lower())
        if name is not None and item is not None:
            taken[name] = _decode_field(item, into, (*path, name))
    return taken


def _decode_field(item: Any, parent: Struct, path: tuple[str, ...]) -> Any:
    into = parent.fields[path[-1]]
    short = parent.name.rpartition(".")[2]

    def report(kind: str, wanted: str) -> GoError:
        return GoError(_mismatch(kind, f"struct field {short}.{'.'.join(path)} of type {wanted}"))

    if isinstance(into, Struct):
        return _decode_struct(item, into, report, path)
    if isinstance(into, Slice) and isinstance(into.item, Struct) and isinstance(item, list):
        element = into.item
        return [{} if each is None else _decode_struct(each, element, report, path) for each in item]
    return _decode(item, into, report)


def _decode_scalar(value: Any, into: str, report: Report) -> Any:
    if into == "raw":
        return value
    if into == "string" and isinstance(value, str):
        return _string(value)
    if into == "bool" and isinstance(value, bool):
        return value
    if into in ("int", "float64", "float32") and isinstance(value, int | float) and not isinstance(value, bool):
        if into == "int" and (isinstance(value, float) or abs(value) >= INT64):
            raise report(f"number {value.text if isinstance(value, _Float) else value}", into)
        return value
    raise report(_kind(value), into)


def _kind(value: Any) -> str:
    kinds = {str: "string", bool: "bool", dict: "object", list: "array"}
    return kinds.get(type(value), "number")


def _name(into: Type) -> str:
    if isinstance(into, Slice):
        return "[]" + _name(into.item)
    return into if isinstance(into, str) else into.printed or into.name


def _string(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _plain(value: Any) -> Any:
    """Numbers as a Go float64 prints them; everything else unchanged."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(Decimal(repr(float(value))))
    return float(value) if isinstance(value, float) else value
