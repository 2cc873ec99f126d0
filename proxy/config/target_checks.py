"""What a `[target]` must not say, beyond what its types already forbid."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import SplitResult, urlsplit

from proxy.config.secrets import is_reference
from routing_rules import Path, Problem, Target
from routing_rules.globs import is_glob
from routing_rules.plan import is_label
from routing_rules.toml_text import spelt

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
# They frame the message or name its receiver, which is the connection's business.
_FRAMING = frozenset(
    {"connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)
_A_URL = "http:// or https://, a host, and the path where OpenAI's begin, as in https://api.openai.com/v1"

Check = Callable[[Target, Path], Iterator[Problem]]


def check_target(name: str, target: Target) -> Iterator[Problem]:
    """Yield every problem of a target. None of them repeats a secret."""
    for check in (_url, _key, _auth, _headers, _numbers, _accepts):
        yield from check(target, ("target", name))


def _url(target: Target, path: Path) -> Iterator[Problem]:
    if fault := _url_fault(target):
        found, expected = fault
        yield Problem(path=(*path, "url"), found=found, expected=expected)


def _url_fault(target: Target) -> tuple[str, str] | None:
    """Say what is wrong with a URL, in words: the URL itself may hold a password."""
    if re.search(r"[\s\x00-\x1f\x7f]", target.url):
        return "a space or a control character", _A_URL
    try:
        url = urlsplit(target.url)
        port = url.port
        (url.hostname or "").encode("idna")  # a UnicodeError is a ValueError: no DNS name is spelt so
    except ValueError:
        return "an address that cannot be read", _A_URL
    if url.scheme not in {"http", "https"} or not url.hostname or port == 0:
        return "no http:// or https:// with a host behind it", _A_URL
    return _extra(url) or _unfit_path(target, url.path.rstrip("/"))


def _extra(url: SplitResult) -> tuple[str, str] | None:
    if "{" in url.netloc:
        return "a placeholder in the host", "a host of its own: a client's model name must never choose it"
    if "@" in url.netloc:
        return "a user name or password in the address", "an address alone: `key` and `auth` are for credentials"
    if url.query:
        return "a query in the address", "an address alone: `query = { NAME = VALUE }` is for that"
    return ("a fragment in the address", "an address alone") if url.fragment else None


def _unfit_path(target: Target, path: str) -> tuple[str, str] | None:
    if path.endswith(("/chat/completions", "/models", "/completions", "/embeddings")):
        return "the address of one endpoint", _A_URL
    if target.kind == "ollama" and not path:
        return "an address without a path", "Ollama's OpenAI paths, which begin at /v1: http://localhost:11434/v1"
    return None


def _key(target: Target, path: Path) -> Iterator[Problem]:
    if target.key is not None and not is_reference(target.key):
        expected = "env:NAME or file:/path, which say where the secret is (none is ever read from this file)"
        yield Problem(path=(*path, "key"), found="a literal value", expected=expected)


def _auth(target: Target, path: Path) -> Iterator[Problem]:
    kind, _, name = target.auth.partition(":")
    if target.auth != "bearer" and not (kind == "header" and _TOKEN.fullmatch(name) and name.lower() not in _FRAMING):
        yield Problem(
            path=(*path, "auth"), found="something else", expected="bearer, or header:NAME as in header:api-key"
        )


def _headers(target: Target, path: Path) -> Iterator[Problem]:
    for name, value in target.headers.items():
        yield from _header_name(name, (*path, "headers", name))
        yield from _header_value(value, (*path, "headers", name))
    for key in ("organization", "project"):
        yield from _header_value(getattr(target, key) or "", (*path, key))
    for name in target.pass_headers:
        yield from _header_name(name, (*path, "pass_headers"))
        if re.sub(r"[-_]", "", name.lower()).startswith("xwye"):
            expected = "a header that is not wye's own: what a caller says to wye never travels"
            yield Problem(path=(*path, "pass_headers"), found=f"the header {name!r}", expected=expected)


def _header_name(name: str, path: Path) -> Iterator[Problem]:
    if not _TOKEN.fullmatch(name) or is_glob(name):
        yield Problem(path=path, found=f"the header name {name!r}", expected='a header name such as "x-team"')
    elif name.lower() in _FRAMING:
        yield Problem(path=path, found=f"the header {name!r}", expected="any header that the connection does not own")


def _header_value(value: str, path: Path) -> Iterator[Problem]:
    if not _HEADER_VALUE.fullmatch(value):
        expected = "printable ASCII text on one line"
        yield Problem(path=path, found="a line break, or a letter that no header may hold", expected=expected)
    elif is_reference(value):
        expected = 'a plain value: only `key` reads env: and file:, and auth = "header:NAME" names its header'
        yield Problem(path=path, found="a reference to a secret", expected=expected)


def _numbers(target: Target, path: Path) -> Iterator[Problem]:
    if target.max_in_flight is not None and target.max_in_flight < 1:
        found = spelt(target.max_in_flight)
        yield Problem(path=(*path, "max_in_flight"), found=found, expected="1 or more, or no such key for no limit")
    if target.queue.size < 0:
        yield Problem(path=(*path, "queue", "size"), found=spelt(target.queue.size), expected="0 or more")


def _accepts(target: Target, path: Path) -> Iterator[Problem]:
    for label in target.accepts:
        if label != "*" and not is_label(label):
            yield Problem(
                path=(*path, "accepts"), found=f"{label!r}", expected='labels (lower-case words), or "*" for any'
            )
