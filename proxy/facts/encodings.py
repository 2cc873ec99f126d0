r"""Texts in disguise: base64, hex, backslash and percent escapes, each undone once.

Base64 in both alphabets, with or without padding, in one run or over many lines; hex in one run or as pairs with a
space, `:`, `,`, `0x`, `\x` or `%` between them. Only what comes out as text counts: UTF-8, or UTF-16 that is mostly
Latin, which is what PowerShell and Windows write. A text that was encoded twice is decoded once and stays unreadable.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from urllib.parse import unquote_plus

import re2

SHORTEST = 16  # letters of a run; words are shorter, and no secret that matters is
BLOB = 256  # letters of a run that cannot be read: more than the hashes, ids and signatures that every request has
_LINE = 40  # letters of a blob's first line
_SHIFTED = 64_000  # letters of a run that is also read from its second, third and fourth letter
_STRETCH = 12  # letters in a row that make sense in the midst of others that do not

_RUN = re2.compile(
    rf"(?:[A-Za-z0-9+/_-](?:[ \t]*\r?\n[ \t]*)?){{{SHORTEST},}}={{0,2}}"
    rf"|(?:(?:0x|\\x|%)?[0-9A-Fa-f]{{2}}[ :,-]?){{{SHORTEST // 2},}}"
)
# Names of the API that are long enough for a run, and stand in most requests.
_FAMILIAR = frozenset(
    b"/v1/chat/completions /chat/completions /v1/completions /v1/embeddings max_completion_tokens frequency_penalty "
    b"presence_penalty safety_identifier prompt_cache_key previous_response_id parallel_tool_calls reasoning_effort "
    b"additionalProperties".split()
)
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_BESIDES = b" \t\r\n=:,%\\"  # what a run may hold that is no letter of base64
_HEX_RUN = re.compile(rb"[0-9A-Fa-f]{%d,}" % SHORTEST)
_HEX_BETWEEN = re.compile(rb"0x|\\x|[% :,\r\n\t-]")
_READABLE = re.compile(rb"[\t\n\r\x20-\x7e]{%d,}" % _STRETCH)
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_ESCAPE = re.compile(r"\\u\{([0-9A-Fa-f]{1,6})\}|\\u([0-9A-Fa-f]{4})")
_DATA_URL = re2.compile(r"(?i)data:[^,\s]{0,200};\s*base64\s*,")
_MIXED = (re.compile(rb"[a-z]"), re.compile(rb"[A-Z]"), re.compile(rb"[0-9]"))


def decode_runs(texts: list[str]) -> tuple[list[str], bool]:
    """Decode the runs in some texts. The flag says that a blob or a data URL is left that nobody can read."""
    data = "\0".join(texts).encode()
    decoded: list[str] = []
    unreadable = False
    for found in _RUN.finditer(data):
        run = found[0]
        if run in _FAMILIAR:
            continue
        whole, parts = _decode(run)
        decoded += whole or parts
        unreadable = unreadable or (not whole and _is_blob(run))
    return decoded, unreadable or (_DATA_URL.search(data) is not None and _hides_something(data))


def unescape(text: str) -> str:
    r"""Undo `\uXXXX` and `\u{X}` in a text that is no JSON but quotes some; return it as it is if there is nothing."""
    return _ESCAPE.sub(_letter, text) if "\\u" in text else text


def unquote(text: str) -> str:
    """Undo the percent-encoding of a path, a query or a header's value, once."""
    return unquote_plus(text) if "%" in text or "+" in text else text


def _decode(run: bytes) -> tuple[list[str], list[str]]:
    """Return the texts that a whole run stands for, as hex or base64; and where there is none, the parts that read."""
    whole = list(_from_hex(run))
    letters = run.translate(_URL_SAFE, _BESIDES)
    data = _from_base64(letters)
    text = as_text(data)
    if text is not None:
        whole.append(text)
    if whole or len(letters) > _SHIFTED:
        return whole, []
    shifted = (data, *(_from_base64(letters[shift:]) for shift in (1, 2, 3)))
    return whole, [found.decode() for read in shifted for found in _READABLE.findall(read)]


def _from_base64(letters: bytes) -> bytes:
    """Decode what may lack its padding, or end in the midst of a group."""
    whole = letters[: len(letters) - (len(letters) % 4 == 1)]
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))


def _from_hex(run: bytes) -> Iterator[str]:
    pairs = _HEX_BETWEEN.sub(b"", run)
    for found in _HEX_RUN.findall(pairs):
        for start in (0, 1):
            digits = found[start : len(found) - (len(found) - start) % 2]
            text = as_text(bytes.fromhex(digits.decode()))
            if text is not None:
                yield text


def as_text(data: bytes) -> str | None:
    """Read bytes as UTF-8, or as UTF-16 if every other byte is zero; None for what is no text."""
    ways = ("utf-16-le", "utf-16-be") if data.count(0) * 3 > len(data) else ("utf-8",)
    for way in ways:
        try:
            text = data.decode(way).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
        if text and not _NO_TEXT.search(text) and (way == "utf-8" or _mostly_latin(text)):
            return text
    return None


def _mostly_latin(text: str) -> bool:
    return sum(letter < "\u0100" for letter in text) * 2 > len(text)


def _is_blob(run: bytes) -> bool:
    """Say whether a run is long and mixed enough to be data, and not a list of words, a ruler or a row of zeros."""
    if len(run) < BLOB or len(run.split(None, 1)[0]) < _LINE:
        return False
    kinds = sum(kind.search(run) is not None for kind in _MIXED)
    return kinds == len(_MIXED) or (kinds > 1 and not run.strip(b"0123456789abcdefABCDEF \t\r\n"))


def _hides_something(data: bytes) -> bool:
    """Say whether a data URL in base64 holds what is no text."""
    for found in _DATA_URL.finditer(data):
        run = _RUN.match(data, found.end())
        if run is not None and as_text(_from_base64(run[0].translate(_URL_SAFE, _BESIDES))) is None:
            return True
    return False


def _letter(found: re.Match[str]) -> str:
    code = int(found[1] or found[2], 16)
    return chr(code) if code <= 0x10FFFF else found[0]  # noqa: PLR2004 - the last letter there is
