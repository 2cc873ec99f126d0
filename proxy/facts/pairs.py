"""Names and values that a text tells apart: XML elements, attributes, key and value as two fields, tables.

Each is given as `name: value`, as a detector would find it in an assignment. `<password>hunter2</password>`,
`{"name": "password", "value": "hunter2"}`, `key=password value=hunter2`, and a table with a column `password`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from proxy.facts.scanning import scan

_NAMES = """
name names key keys k field label id title type param parameter property prop attribute attr header option setting
variable var env column prompt question
"""
_VALUES = """
value values val v content contents data default text answer current secret string input stringvalue valuestring is
"""
NAMES, VALUES = frozenset(_NAMES.split()), frozenset(_VALUES.split())
LONGEST = 200  # letters of a value that may be a secret
_LONGEST_NAME = 64
_Q = r"\\?[\"'`]?"


def _field(names: frozenset[str], value: str) -> str:
    return rf"\b(?:{'|'.join(sorted(names, key=len, reverse=True))}){_Q}[ \t]*(?::|=>?)[ \t]*{_Q}({value})"


_LETTER = r"[A-Za-z_\x80-\xff]"
_WORD, _SAID = rf"{_LETTER}[A-Za-z0-9\x80-\xff _.-]*", r"[^\"'`\\\s,;<>(){}\[\]][^\"'`\\\n,;<>(){}\[\]]*"
_BETWEEN = rf"{_Q}[\s,;]+(?:- )?{_Q}"
TWO_FIELDS = rf"(?i:{_field(NAMES, _WORD)}{_BETWEEN}{_field(VALUES, _SAID)})"
TWO_FIELDS_TURNED = rf"(?i:{_field(VALUES, _SAID)}{_BETWEEN}{_field(NAMES, _WORD)})"
_TWO_FIELDS, _TWO_FIELDS_TURNED = scan(TWO_FIELDS), scan(TWO_FIELDS_TURNED)
_ELEMENT = re.compile(r"<([A-Za-z_][\w:.-]{0,63})(?:\s[^<>]{0,200})?>\s{0,20}([^<>]{1,200})</\1", re.IGNORECASE)
_CDATA = re.compile(r"<!\[CDATA\[([^\]]{0,500})\]\]>")
_ELEMENTS_OF_HTML = """
a abbr address article aside b blockquote body button caption cite code dd del div dt em figcaption footer h1 h2 h3 h4
h5 h6 head header html i ins kbd label legend li main mark nav option p pre q s samp script section small span strong
style
sub summary sup table tbody td textarea tfoot th thead time title tr u ul var
"""
_HTML = frozenset(_ELEMENTS_OF_HTML.split())
_CELLS = re.compile(r"([^<>]{1,64})</t[dh]>\s{0,20}<td[^<>]{0,100}>([^<>]{1,64})<", re.IGNORECASE)
_COLUMN = rf"[ \t]*[\"'*`]*{_LETTER}[A-Za-z0-9\x80-\xff _./-]*[\"'*`]*[ \t]*"
HEADER = rf"(?m:^[ \t]*\|?{_COLUMN}(?:[,;\t|]{_COLUMN})+\|?[ \t]*\r?$)"
_HEADER = scan(HEADER)
_RULE = re.compile(r"[\s|:+-]*-[\s|:+-]*")
_QUOTES = " \t\r\"'`*"
_WHO = re.compile(r"\b(?:user|login|e-?mail|account|host|site|url|server|service|nutzer|benutzer)", re.IGNORECASE)
_KINDS = re.compile(
    r"(?i)(?:(?:sha|md|utf|base|aes|rsa|oauth|bcrypt|argon|scrypt|u?int|float|v?(?:ar)?char|text|string|http)[\w-]*)$"
)

# What stands in a text that tells a name and a value apart; elements are found by their `<`.
ANY = (TWO_FIELDS, TWO_FIELDS_TURNED, HEADER)


def told(text: str) -> list[str]:
    """Return the names and values of a text, as lines `name: value`."""
    data = text.encode()
    lines = [line for name, value in _fields(data) if (line := pair(name, value))]
    if "<" in text:
        lines += _elements(_CDATA.sub(r"\1", text))
    lines += _tables(data)
    return list(dict.fromkeys(lines))


def pair(name: str, value: str) -> str | None:
    """Write a name beside its value; None if the value says nothing but the name, or is too long to belong to it."""
    if not 0 < len(value) <= LONGEST or not 0 < len(name) <= _LONGEST_NAME or _bare(name) == _bare(value):
        return None
    return f"{name}: {value}"


def tells(value: str) -> bool:
    """Say whether a table's cell looks like a value of its own, and not like a word or a type about another cell."""
    value = value.rstrip(".,!?")
    if len(value) < 4 or any(letter in " ()[]<>" for letter in value) or _KINDS.match(value):  # noqa: PLR2004
        return False
    return not value.isalpha() or not (value.islower() or value.istitle() or value.isupper())


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


def _fields(data: bytes) -> Iterator[tuple[str, str]]:
    for found in _TWO_FIELDS.finditer(data):
        yield found[1].decode().strip(), found[2].decode().strip()
    for found in _TWO_FIELDS_TURNED.finditer(data):
        yield found[2].decode().strip(), found[1].decode().strip()


def _elements(text: str) -> Iterator[str]:
    for found in _ELEMENT.finditer(text):
        if found[1].lower() not in _HTML and (line := pair(found[1], found[2].strip())):
            yield line
    for found in _CELLS.finditer(text):
        if tells(found[2].strip()) and (line := pair(found[1].strip(), found[2].strip())):
            yield line


def _tables(data: bytes) -> Iterator[str]:
    """Give each cell of a table beside its column's name, and beside what stands first in its row."""
    for found in _HEADER.finditer(data):
        header = found[0].decode().strip("\r\n")
        mark = next(mark for mark in "|\t;," if mark in header.strip())
        names = _row(header, mark)
        credentials = any(_WHO.search(name) for name in names)
        for line in _lines(data, found.end()):
            if "|" in line and _RULE.fullmatch(line):
                continue
            cells = _row(line, mark)
            if len(cells) != len(names):
                break
            yield from _cells(names, cells, credentials=credentials)


def _lines(data: bytes, start: int) -> Iterator[str]:
    while (start := data.find(b"\n", start) + 1) > 0:
        end = data.find(b"\n", start)
        yield data[start : end if end >= 0 else len(data)].decode()


def _row(line: str, mark: str) -> list[str]:
    line = line.strip(" \r\n").removeprefix("|").removesuffix("|") if mark == "|" else line
    return [cell.strip(_QUOTES) for cell in line.split(mark)]


def _cells(names: list[str], cells: list[str], *, credentials: bool) -> Iterator[str]:
    for name, cell in zip(names, cells, strict=True):
        if (tells(cell) or (credentials and cell.isalpha())) and (line := pair(name, cell)):
            yield line
    if tells(cells[1]) and (line := pair(cells[0], cells[1])):
        yield line
