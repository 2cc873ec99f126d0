"""Names and values that a body tells apart: in two fields of a table, far below a key, in rows under a header.

`{"name": "password", "value": "hunter2"}`, `{"password": {"data": {"value": "hunter2"}}}`, `[["password", "hunter2"]]`,
`{"columns": ["user", "password"], "rows": [["bob", "hunter2"]]}`. A JSON Schema says of a field named `password` what
it is, not which: only its default and its examples are values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from proxy.facts.pairs import LONGEST, NAMES, VALUES, pair

NEAR = 4  # how many levels below a key a value still belongs to it
_MANY = 64  # items of a list of numbers that are written beside its key
_SCHEMA_TYPES = frozenset({"string", "integer", "number", "boolean", "object", "array", "null"})
_SCHEMA_MARKS = frozenset({"anyOf", "oneOf", "allOf", "$ref", "properties"})
# Keywords of JSON Schema (2020-12, and OpenAPI's) that describe; `default`, `const` and the like hold values.
_KEYWORDS = """
type title description format pattern required items additionalProperties minLength maxLength minimum maximum
not if then else exclusiveMinimum exclusiveMaximum minItems maxItems uniqueItems nullable readOnly writeOnly deprecated
strict $schema $id $defs $comment contentEncoding contentMediaType
"""
_DESCRIBE = _SCHEMA_MARKS | frozenset(_KEYWORDS.split())
_HEADERS = frozenset({"columns", "headers", "header", "fields", "schema"})
_SPOKEN = frozenset({"content", "text", "data"})  # a message has a name and a content, and the one is not the other's


def near(key: str, value: dict[str, Any] | list[Any], depth: int = 0) -> Iterator[str]:
    """Give a key beside the short values below it: `{"password": ["x"]}` names it too."""
    for child in _children(value):
        if isinstance(child, dict | list):
            if depth + 1 < NEAR:
                yield from near(key, child, depth + 1)
        elif child is not None and not isinstance(child, bool) and len(text := str(child)) < LONGEST:
            yield f"{key}: {text}"


def _children(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    if isinstance(value, list):
        return () if len(value) > _MANY and isinstance(value[0], int | float) else value
    if is_schema(value):
        return [member for name, member in value.items() if name not in _DESCRIBE]
    return value.values()


def is_schema(table: dict[str, Any]) -> bool:
    """Say whether a table describes values and is none."""
    kind = table.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    return not _SCHEMA_MARKS.isdisjoint(table) or any(isinstance(one, str) and one in _SCHEMA_TYPES for one in kinds)


def paired(table: dict[str, Any]) -> Iterator[str]:
    """Give what one field of a table names beside what another one holds."""
    if len(table) < 2:  # noqa: PLR2004 - two fields make a pair
        return
    lowered = {name.lower(): member for name, member in table.items()}
    for name in NAMES.intersection(lowered):
        if not isinstance(lowered[name], str):
            continue
        for field in VALUES.intersection(lowered):
            for value in _short(lowered[field]):
                if " " in value and field in _SPOKEN:
                    continue
                if (line := pair(lowered[name], value)) is not None:
                    yield line
    for name in _HEADERS.intersection(lowered):
        if isinstance(lowered[name], list):
            yield from _under(lowered[name], lowered.values())


def rows(items: list[Any]) -> Iterator[str]:
    """Give the names and values of a list of lists: rows of two, and rows below a header."""
    lists = [item for item in items if isinstance(item, list)]
    if len(lists) < len(items):
        return
    for row in lists:
        if len(row) == 2 and isinstance(row[0], str):  # noqa: PLR2004 - a name and a value
            yield from filter(None, (pair(row[0], value) for value in _short(row[1])))
    if len(lists) > 1:
        yield from _under(lists[0], [lists[1:]])


def _under(header: list[Any], tables: Iterable[Any]) -> Iterator[str]:
    names = [_name(column) for column in header]
    for table in tables:
        for row in table if isinstance(table, list) else ():
            if isinstance(row, list) and len(row) == len(names):
                for name, cell in zip(names, row, strict=True):
                    yield from filter(None, (pair(name, value) for value in _short(cell)))


def _name(column: object) -> str:
    if isinstance(column, dict):
        column = next((value for key, value in column.items() if key.lower() in NAMES), "")
    return column if isinstance(column, str) else ""


def _short(value: object) -> Iterator[str]:
    """Give a field's value as text, and the values one level below it."""
    if isinstance(value, dict):
        for inner in value.values():
            if not isinstance(inner, dict | list):
                yield from _short(inner)
    elif isinstance(value, list):
        for inner in value[:_MANY]:
            if not isinstance(inner, dict | list):
                yield from _short(inner)
    elif value is not None and not isinstance(value, bool):
        text = str(value)
        if text and len(text) < LONGEST:
            yield text
