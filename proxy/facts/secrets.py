"""The detector for the commonest secrets: vendor keys, private keys, tokens, connection strings, passwords.

Detected, not guaranteed: it binds what it finds and proves nothing about what it does not. RE2 takes time linear in the
text whatever the pattern, and lets other threads run meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

import re2

_NAMED = (
    r"(?:pass(?:wor[dt]|wort|phrase|wd|code)|kennwort|pwd|secret(?:[ _-]?key)?|api[ _-]?key|access[ _-]?(?:key|token)"
    r"|auth[ _-]?token|private[ _-]?key|credentials?)"
)
_IS = r"(?:is|are|was|lautet|ist|est|es)"

PATTERNS: dict[str, str] = {
    "openai or anthropic key": r"\bsk-(?:proj-|ant-|svcacct-|admin-)?[A-Za-z0-9_-]{16,}",
    "aws access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "github token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{36,})",
    "gitlab token": r"\bglpat-[A-Za-z0-9_-]{20,}",
    "slack token": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    "google api key": r"\bAIza[0-9A-Za-z_-]{35}",
    "stripe key": r"\b(?:sk|rk)_(?:live|test)_[0-9A-Za-z]{16,}",
    "hugging face token": r"\bhf_[A-Za-z0-9]{30,}",
    "private key": r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----",
    "json web token": r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    "connection string": r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{0,128}:[^\s:/@]{1,128}@[^\s/]",
    "bearer token": r"(?i)\bauthorization\b\W{1,4}(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}",
    "assignment": rf"(?i){_NAMED}[\"'`\]]*\s*(?::=|=>|[:=])\s*[\"'`]?[^\s\"'`]{{4,}}",
    "sentence": rf"(?i)\b{_NAMED}(?:\s+\w+){{0,3}}?\s+{_IS}\s+(?:now\s+|still\s+)?"
    r"[\"'`“]?[^\s\"'`”]*(?:[0-9_]|[!@#$%^&*+~]\w)[^\s]*",
    "quoted sentence": rf"(?i)\b{_NAMED}(?:\s+\w+){{0,3}}?\s+(?:is|was)\s*:?\s*[\"'`“][^\s\"'`”]{{4,}}[\"'`”]",
}


@cache
def _each() -> dict[str, re2._Regexp]:
    """Compile the patterns one by one: only an explanation asks which of them it was."""
    return {name: re2.compile(pattern) for name, pattern in PATTERNS.items()}


_ANY = re2.compile("|".join(f"(?:{pattern})" for pattern in PATTERNS.values()))

# "My password is sunshine" gives one away, "my password is wrong" does not: the word after the verb decides.
_PLAIN = re2.compile(
    rf"(?i)\b(?:my|our|your|his|her|their|its|the)\s+{_NAMED}(?:\s+\w+){{0,3}}?\s+(?:is|was)[\s:]+(\w+)"
)
_HARMLESS = frozenset(
    {
        *(
            "a",
            "an",
            "the",
            "my",
            "not",
            "no",
            "too",
            "so",
            "very",
            "to",
            "in",
            "on",
            "at",
            "for",
            "that",
            "what",
            "how",
        ),
        *(
            "wrong",
            "right",
            "correct",
            "incorrect",
            "invalid",
            "valid",
            "safe",
            "unsafe",
            "secure",
            "insecure",
            "strong",
        ),
        *(
            "weak",
            "short",
            "long",
            "old",
            "new",
            "expired",
            "missing",
            "required",
            "needed",
            "optional",
            "empty",
            "null",
        ),
        *("stored", "saved", "sent", "set", "reset", "changed", "leaked", "lost", "forgotten", "rejected", "accepted"),
        *("hashed", "encrypted", "known", "unknown", "used", "shared", "protected", "being", "it", "this", "there"),
    }
)


# Where the value of what was found begins: `hunter2` in `password = "hunter2"`. A sentence may go on behind it.
_VALUE = re.compile(r"[^\s:=>\"'`“”\[\]]*\Z")
_BEHIND = ".,;!?)]}\"'`”"


class SecretSearch:
    """Finds secrets that are known by their look, passwords told in words, and what a rule file describes."""

    def __init__(self, own: Mapping[str, re2._Regexp] | None = None, ignored: Sequence[re2._Regexp] = ()) -> None:
        """Take the patterns of a rule file by their names, and those of values that are no secret."""
        self._own = dict(own or {})
        self._ignored = tuple(ignored)

    def __call__(self, text: str) -> bool:
        """Say whether a text view holds a secret."""
        return any(self._finds(pattern, text) for pattern in (_ANY, *self._own.values())) or self._is_told(text)

    def kinds(self, text: str) -> list[str]:
        """Name the kinds of secrets that a text view holds, by their patterns; a password in a sentence is one, too."""
        found = [name for name, pattern in (*_each().items(), *self._own.items()) if self._finds(pattern, text)]
        return [*found, *(["told in words"] if self._is_told(text) else [])]

    def _finds(self, pattern: re2._Regexp, text: str) -> bool:
        if not self._ignored:
            return pattern.search(text) is not None
        return any(not self._passes_over(pattern, found[0]) for found in pattern.finditer(text))

    def _passes_over(self, pattern: re2._Regexp, found: str) -> bool:
        """Say whether what was found is ignored: all of it, or its value and no other secret stands before that."""
        for whole in (found, found.rstrip(_BEHIND)):
            value = _VALUE.search(whole)
            start = value.start() if value else 0
            if self._is_ignored(whole) or (self._is_ignored(whole[start:]) and not self._finds(pattern, whole[:start])):
                return True
        return False

    def _is_ignored(self, value: str) -> bool:
        return bool(value) and any(pattern.fullmatch(value) for pattern in self._ignored)

    def _is_told(self, text: str) -> bool:
        """Say whether a password is told in words: "my password is sunshine"."""
        words = (found[1] for found in _PLAIN.finditer(text))
        return any(word.lower() not in _HARMLESS and not self._is_ignored(word) for word in words)


has_secret = SecretSearch()
