r"""Escapes, undone: of JSON and programs (`\u0070`, `\x70`, `\160`), of URLs (`%70`), HTML (`&#112;`) and mail (`=70`).

Mail's is quoted-printable (RFC 2045); there `=` also ends a line that goes on. A text may hold several kinds at once,
each is undone once; who wants to know what lies below asks again.
"""

from __future__ import annotations

import html
import re
from urllib.parse import unquote_plus

_CODE = re.compile(r"\\u\{([0-9A-Fa-f]{1,6})\}|\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_BYTES = re.compile(r"(?:\\x[0-9A-Fa-f]{2})+")
_OCTAL = re.compile(r"(?:\\[01][0-7]{2})+")
_SIMPLE = re.compile(r"""\\([nrt"'/\\])""")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2})*")
_SOFT_BREAK = re.compile(r"=[ \t]*\r?\n")
_QUOTED = re.compile(r"=[2-7][0-9A-F](?:=[0-9A-F]{2})*")
_SPACES = {"n": "\n", "r": "\n", "t": "\t"}
_LAST = 0x10FFFF


def undone(text: str) -> str:
    """Undo the escapes of a text once; the text itself if it has none."""
    if "\\" in text:
        text = _backslashes(text)
    if "%" in text:
        text = _PERCENT.sub(lambda found: _from_hex(found[0].replace("%", "")), text)
    if "&" in text:
        text = html.unescape(text)
    if "=" in text:
        text = _QUOTED.sub(lambda found: _from_hex(found[0].replace("=", "")), _SOFT_BREAK.sub("", text))
    return text


def unquote(text: str) -> str:
    """Undo the percent-encoding of a path, a query or a header's value, once."""
    return unquote_plus(text) if "%" in text or "+" in text else text


def _backslashes(text: str) -> str:
    coded = _CODE.sub(_letter, text)
    if coded is not text:
        # Two halves make a letter; one alone is none.
        text = coded.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = _BYTES.sub(lambda found: _from_hex(found[0].replace("\\x", "")), text)
    text = _OCTAL.sub(lambda found: _decoded(bytes(int(code, 8) for code in found[0].split("\\")[1:])), text)
    return _SIMPLE.sub(lambda found: _SPACES.get(found[1], found[1]), text)


def _letter(found: re.Match[str]) -> str:
    code = int(found[1] or found[2] or found[3], 16)
    return chr(code) if code <= _LAST else found[0]


def _from_hex(digits: str) -> str:
    return _decoded(bytes.fromhex(digits))


def _decoded(data: bytes) -> str:
    """Read bytes as UTF-8, and as Latin-1 where they are none."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
