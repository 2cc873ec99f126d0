"""The JSON Schema of the configuration file, for editors: made from the Structs and from the grammar of conditions.

`python -m proxy.config.json_schema` writes it to `wye.schema.json` beside this file, which is shipped. It knows keys,
types and choices; names that refer to each other, and what cannot be reached, only `wye check` knows.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import cleandoc
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec

from proxy.config.planned import is_offered
from proxy.config.schema import Config
from routing_rules import grammar, values
from routing_rules.facts import LIVE
from routing_rules.units import Bytes, Seconds

FILE = Path(__file__).with_name("wye.schema.json")
_DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_STRINGS: Schema = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_SIGN, _NUMBER = r"^\s*(>=|<=|!=|==|>|<|=)?\s*", r"-?[0-9][0-9_]*(\.[0-9]+)?([eE][-+]?[0-9]+)?"
_FRACTION: Schema = {"type": "number", "minimum": 0, "maximum": 1}


def _compares(number: Schema, unit: str = "") -> list[Schema]:
    return [number, {"type": "string", "pattern": f"{_SIGN}{_NUMBER}{unit}\\s*$"}]


_HOUR = {"type": "integer", "minimum": 0, "maximum": 23}
_HOURS = {"type": "string", "pattern": r"^\s*[0-9]{1,2}\s*(-\s*[0-9]{1,2}\s*)?$"}
_DAYS = {"type": "string", "description": "mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri"}
_TEXT: Schema = {"anyOf": [{"type": "string"}, _STRINGS], "description": "A string, a glob, != of them, or a list."}

# What each way to read a value takes.
_READ: dict[Callable[[object], values.Test], Schema] = {
    values.flag: {"type": "boolean"},
    values.text: _TEXT,
    values.field: _TEXT,
    values.number: {"anyOf": _compares({"type": "number"}), "description": 'A number, or a comparison: ">= 4000".'},
    values.score: {"anyOf": _compares(_FRACTION), "description": 'From 0 to 1, or a comparison: ">= 0.65".'},
    values.share: {"anyOf": _compares(_FRACTION, r"\s*%?"), "description": 'A share: "< 80%".'},
    values.duration: {
        "anyOf": _compares({"type": "number"}, r"\s*(ms|s|m|h)"),
        "description": 'A duration or a comparison: "< 500ms".',
    },
    values.hours: {
        "anyOf": [_HOUR, _HOURS, {"type": "array", "items": {"anyOf": [_HOUR, _HOURS]}, "minItems": 1}],
        "description": 'Hours: 9, "9-17" (until five), "22-6", or a list.',
    },
    values.weekdays: {"anyOf": [_DAYS, {"type": "array", "items": _DAYS, "minItems": 1}]},
}
_ABOVE_0 = {"type": "number", "exclusiveMinimum": 0}
_ATOMS: dict[Any, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Any: {},
    Seconds: {"anyOf": [_ABOVE_0, {"type": "string", "pattern": r"^\s*[0-9.]+\s*(ms|s|m|h)\s*$"}]},
    Bytes: {"anyOf": [_ABOVE_0, {"type": "string", "pattern": r"^\s*[0-9.]+\s*[kKMG]?i?B\s*$"}]},
}


def schema() -> Schema:
    """Make the schema of a main file."""
    tables: dict[str, Schema] = {}
    _table(Config, tables)
    for name in ("Label", "Rule"):
        tables[name]["properties"]["when"] = {"$ref": "#/$defs/When"}
    fact = {"$ref": "#/$defs/Conditions", "minProperties": 1}
    tables["Config"]["properties"]["fact"]["additionalProperties"] = fact
    return {"$schema": _DIALECT, **tables.pop("Config"), "$defs": {**tables, **_conditions()}}


def _table(struct: type[msgspec.Struct], tables: dict[str, Schema]) -> Schema:
    """Describe a Struct once, by its docstring and its fields, and refer to it. TOML has no null, so nor has this."""
    if struct.__name__ not in tables:
        tables[struct.__name__] = {}
        fields = msgspec.structs.fields(struct)
        tables[struct.__name__] = {
            "type": "object",
            "description": cleandoc(struct.__doc__ or ""),
            "properties": {field.name: _kind(field.type, tables) for field in fields},
            "required": [field.name for field in fields if field.required],
            "additionalProperties": False,
        }
    return {"$ref": f"#/$defs/{struct.__name__}"}


def _kind(kind: Any, tables: dict[str, Schema]) -> Schema:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in _ATOMS:
        return dict(_ATOMS[kind])
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return {"type": "array", "items": _kind(arguments[0], tables)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _kind(arguments[1], tables)}
    if arguments:
        members = [_kind(one, tables) for one in arguments if one is not type(None)]
        return members[0] if len(members) == 1 else {"anyOf": members}
    return _table(kind, tables)


def _conditions() -> dict[str, Schema]:
    """Describe `when`, a table of conditions, and a table inside a group, which holds no group itself."""
    plain = {key: _READ[read] for key, read in grammar.PLAIN.items() if is_offered(key)}
    families = {key: _READ[read] for key, read in grammar.FAMILIES.items() if key not in LIVE or is_offered(key)}
    pii = [kind for kind in grammar.PII if is_offered(f"pii.{kind}")]
    scoped: dict[str, Schema] = {
        "matches": {"anyOf": [{"type": "string", "minLength": 1}, _STRINGS]},
        "contains": {"anyOf": [{"type": "string", "minLength": 1}, _STRINGS]},
        "secrets": {"type": "boolean"},
        "pii": {"anyOf": [{"enum": pii}, {"type": "array", "items": {"enum": pii}, "minItems": 1}]},
        "scope": {"enum": list(grammar.SCOPES)},
    }
    named = {
        family: {"type": "object", "additionalProperties": read, "minProperties": 1}
        for family, read in families.items()
    }
    member: Schema = {
        "type": "object",
        "properties": {**plain, **scoped, **named},
        "patternProperties": {rf"^{family}\..+": read for family, read in families.items()},
        "additionalProperties": False,
    }
    group = {"type": "array", "minItems": 1, "items": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/Member"}]}}
    groups = dict.fromkeys(grammar.GROUPS, group)
    when = [{"$ref": "#/$defs/Conditions"}, {"type": "string", "minLength": 1}, _STRINGS]
    return {
        "Member": {**member, "minProperties": 1, "description": "Conditions that must all hold."},
        "Conditions": {
            **member,
            "properties": {**member["properties"], **groups},
            "description": "Conditions that must all hold; `all`, `any` and `none` take facts and tables.",
        },
        "When": {"anyOf": when, "description": "A table of conditions, a fact, or a list of facts (any of them)."},
    }


def text() -> str:
    """Write the schema as it is shipped."""
    return msgspec.json.format(msgspec.json.encode(schema(), order="sorted"), indent=1).decode() + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
