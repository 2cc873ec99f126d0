r"""Texts in disguise: base64 and hex, undone once; who wants to know what lies below asks again.

Base64 in both alphabets, with or without padding, in one run, over many lines, in groups, and behind or before letters
that do not belong to it; hex in one run or as pairs with a space, `:`, `,`, `0x`, `\x` or `%` between them. Only what
comes out as text counts: UTF-8, or UTF-16 that is mostly Latin, which is what PowerShell and Windows write.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from proxy.facts.scanning import scan

SHORTEST = 16  # letters of a run; words are shorter, and no secret that matters is
BLOB = 256  # letters of a run that cannot be read: more than the hashes, ids and signatures that every request has
_LINE = 40  # letters of a blob's longest line, if they are not all alike
_SLICE = 48_000  # letters of a run that are decoded at once, so that other threads get their turn
_OVERLAP = 400  # letters that are decoded again with the next slice
_FEWEST = 8  # letters of a line that is read alone
_STRETCH = 12  # letters in a row that make sense in the midst of others that do not

_LETTER = "[A-Za-z0-9+/_-]"
RUN = (
    rf"(?:{_LETTER}(?:[ \t>*#]*(?:\r?\n){{1,2}}[ \t>*#]*)?){{{SHORTEST},}}={{0,2}}"
    rf"|{_LETTER}{{6,}}={{1,2}}"
    rf"|(?:(?:{_LETTER}{{4}}){{1,19}}[ .,;:|]{{1,2}}){{5,}}{_LETTER}{{2,76}}={{0,2}}"
    rf"|(?:(?:0x|\\x|%)?[0-9A-Fa-f]{{2}}[ :,-]?){{{SHORTEST // 2},}}"
)
_RUN = scan(RUN)
# Names of the API that are long enough for a run, and stand in most requests.
_FAMILIAR = frozenset(
    b"/v1/chat/completions /chat/completions /v1/completions /v1/embeddings max_completion_tokens frequency_penalty "
    b"presence_penalty safety_identifier prompt_cache_key previous_response_id parallel_tool_calls reasoning_effort "
    b"additionalProperties".split()
)
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_BESIDES = b" \t\r\n=:,.;|>*#%\\"  # what a run may hold that is no letter of base64
_HEX_RUN = re.compile(rb"[0-9A-Fa-f]{%d,}" % SHORTEST)
_HEX_BETWEEN = re.compile(rb"0x|\\x|[% :,\r\n\t-]")
_ASCII = r"[\t\n\r\x20-\x7e]"
_READABLE = scan(
    rf"(?:{_ASCII}|[\xc2-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{{2}}|\xf0[\x90-\xbf][\x80-\xbf]{{2}}){{{_STRETCH},}}"
    rf"|(?:{_ASCII}\x00){{{_STRETCH // 2},}}"
)
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_DATA_URL = scan(r"(?i)data:[^,\s]{0,200};\s*base64\s*,")
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


def _decode(run: bytes) -> tuple[list[str], list[str]]:
    """Return the texts that a whole run stands for, as hex or base64; and where there is none, the parts that read."""
    letters = run.translate(_URL_SAFE, _BESIDES)
    bits = list(_from_hex(run))
    whole = [text for data in (*bits, _from_base64(letters)) if (text := as_text(data)) is not None]
    if whole:
        return whole, []
    parts = (*_lines(run), *(text for data in bits for text in _readable(data)), *_stretches(letters))
    return [], list(dict.fromkeys(parts))


def _lines(run: bytes) -> Iterator[str]:
    """Read a run of several lines without its first, without its last, and line by line: not all may belong to it."""
    lines = [letters for line in run.splitlines() if (letters := line.translate(_URL_SAFE, _BESIDES))]
    if len(lines) < 2:  # noqa: PLR2004 - two lines make several
        return
    for some in (lines[1:], lines[:-1], lines[1:-1], *([line] for line in lines)):
        letters = b"".join(some)
        if len(letters) >= _FEWEST and (text := as_text(_from_base64(letters))) is not None:
            yield text


def _stretches(letters: bytes) -> Iterator[str]:
    """Read what makes sense in the midst of a run, from each of the four letters that a group may begin with."""
    for start in range(0, len(letters), _SLICE):
        for shift in range(4):
            yield from _readable(_from_base64(letters[start + shift : start + _SLICE + _OVERLAP]))


def _readable(data: bytes) -> Iterator[str]:
    return (found[0].replace(b"\0", b"").decode(errors="ignore") for found in _READABLE.finditer(data))


def _from_base64(letters: bytes) -> bytes:
    """Decode what may lack its padding, or end in the midst of a group."""
    whole = letters[: len(letters) - (len(letters) % 4 == 1)]
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))


def _from_hex(run: bytes) -> Iterator[bytes]:
    pairs = _HEX_BETWEEN.sub(b"", run)
    for found in _HEX_RUN.findall(pairs):
        for start in (0, 1):
            digits = found[start : len(found) - (len(found) - start) % 2]
            yield bytes.fromhex(digits.decode())


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
    if len(run) < BLOB or not _has_lines_of_data(run.splitlines()):
        return False
    kinds = sum(kind.search(run) is not None for kind in _MIXED)
    return kinds == len(_MIXED) or (kinds > 1 and not run.strip(b"0123456789abcdefABCDEF \t\r\n"))


def _has_lines_of_data(lines: list[bytes]) -> bool:
    """Say whether one line is longer than words are, or most are as long as one another."""
    lengths = [len(line) for line in lines]
    usual = lengths[len(lengths) // 2]
    return max(lengths) >= _LINE or (usual >= SHORTEST and lengths.count(usual) * 2 > len(lengths))


def _hides_something(data: bytes) -> bool:
    """Say whether a data URL in base64 holds what is no text."""
    for found in _DATA_URL.finditer(data):
        run = _RUN.match(data, found.end())
        if run is not None and as_text(_from_base64(run[0].translate(_URL_SAFE, _BESIDES))) is None:
            return True
    return False
