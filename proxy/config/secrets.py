"""Secrets: the file says where each is, and it is read as late as it is needed. No error ever repeats one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:/[^\x00-\x1f\x7f]+")


class ProxyConfigError(Exception):
    """Something that the configuration relies on is not as it says."""


class SecretMissing(ProxyConfigError):
    """A secret that the configuration refers to is not there, or is not fit to be sent."""

    def __init__(self, reference: str, why: str) -> None:
        super().__init__(f"{reference}: {why}")
        self.reference = reference
        self.why = why


def is_reference(text: str) -> bool:
    """Say whether a text is `env:NAME` or `file:/path`."""
    return _REFERENCE.fullmatch(text) is not None


def resolve(reference: str, environ: Mapping[str, str]) -> str:
    """Read the secret behind `env:NAME` or `file:/path`, without line breaks at its end. Raises SecretMissing."""
    kind, _, place = reference.partition(":")
    if not is_reference(reference):
        raise SecretMissing("a secret", "is not referred to as env:NAME or file:/path")
    secret = (_from_environment(place, environ) if kind == "env" else _from_file(place)).rstrip("\r\n")
    if not secret.strip():
        raise SecretMissing(reference, "is empty")
    if not (secret.isascii() and secret.isprintable()):
        raise SecretMissing(reference, "holds a line break, or a letter that no header may hold")
    return secret


def _from_environment(name: str, environ: Mapping[str, str]) -> str:
    if name not in environ:
        raise SecretMissing(f"env:{name}", "is not set")
    return environ[name]


def _from_file(place: str) -> str:
    try:
        return Path(place).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        # The error that is left out carries the bytes of the file.
        raise SecretMissing(f"file:{place}", "is not text") from None
    except OSError as error:
        raise SecretMissing(f"file:{place}", f"cannot be read ({error.strerror})") from error
