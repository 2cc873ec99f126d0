"""Regular expressions of a rule file: RE2's, whose time grows with the text and never with its powers."""

from __future__ import annotations

import re2

LARGEST = 5_000  # instructions of a compiled pattern; a class of all letters, `\\pL`, has 1,200
_MEMORY = 16 * 2**20  # bytes that one pattern may use, compiled and at work


def compiled(pattern: str) -> re2._Regexp:
    """Compile a pattern. Raises ValueError with the engine's reason, or for one that is too large to be meant."""
    options = re2.Options()
    options.max_mem, options.log_errors = _MEMORY, False
    try:
        regex = re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else b"it does not compile"
        raise ValueError(reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)) from None
    except UnicodeEncodeError:
        raise ValueError("it holds half of a letter (a lone surrogate)") from None
    if regex.programsize > LARGEST:
        raise ValueError(f"pattern too large: {regex.programsize:,} instructions, of {LARGEST:,} at most")
    return regex


def fault(pattern: str) -> str | None:
    """Say why a pattern does not load, in the engine's own words; None where it does."""
    try:
        compiled(pattern)
    except ValueError as error:
        return str(error)
    return None
