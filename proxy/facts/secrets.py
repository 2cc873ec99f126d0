"""The detector for the commonest secrets: vendor keys, private keys, tokens, connection strings, passwords.

Detected, not guaranteed: it binds what it finds and proves nothing about what it does not. RE2 takes time linear in the
text whatever the pattern, and lets other threads run meanwhile.
"""

from __future__ import annotations

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


def has_secret(text: str) -> bool:
    """Say whether a text view holds one of the secrets that are known by their look, or a password told in words."""
    return _ANY.search(text) is not None or any(found[1].lower() not in _HARMLESS for found in _PLAIN.finditer(text))
