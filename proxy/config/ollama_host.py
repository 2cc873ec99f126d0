"""`OLLAMA_HOST`, read as Ollama itself reads it: envconfig/config.go, `Host` and `ConnectableHost`.

Go's `net.SplitHostPort` and `net.JoinHostPort` are part of that reading, oddities included.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

_DEFAULT_PORTS = {"http": "80", "https": "443"}
_OLLAMA_PORT = "11434"
_LOOPBACK = "127.0.0.1"
_INTEGER = re.compile(r"[+-]?[0-9]+")


def ollama_url(environ: Mapping[str, str]) -> str:
    """Return where an Ollama is to be found, as a base URL of OpenAI's paths: it ends in `/v1`."""
    # envconfig.Var trims spaces and quotes, Host trims spaces again.
    text = environ.get("OLLAMA_HOST", "").strip().strip("\"'").strip()
    scheme, default_port, rest = _scheme(text)
    hostport, _, path = rest.partition("/")
    host, port = _split(hostport) or (_bare_host(hostport), default_port)
    if not _INTEGER.fullmatch(port) or not 0 <= int(port) < 2**16:
        port = default_port
    base = f"{scheme}://{_joined(_connectable(host), int(port))}/{path.strip('/')}".rstrip("/")
    # Whoever wrote the /v1 meant the same place.
    return base if base.endswith("/v1") else f"{base}/v1"


def _scheme(text: str) -> tuple[str, str, str]:
    scheme, found, rest = text.partition("://")
    if found:
        return scheme, _DEFAULT_PORTS.get(scheme, _OLLAMA_PORT), rest
    if text == "ollama.com":
        return "https", _OLLAMA_PORT, "ollama.com:443"
    return "http", _OLLAMA_PORT, text


def _split(hostport: str) -> tuple[str, str] | None:
    """Split as `net.SplitHostPort` does; None where it returns an error."""
    host, colon, port = hostport.rpartition(":")
    if host.startswith("["):
        inside, closed, behind = host[1:].partition("]")
        return (inside, port) if colon and closed and not behind and not set("[]") & set(inside + port) else None
    return (host, port) if colon and not set(":[]") & set(host + port) else None


def _bare_host(hostport: str) -> str:
    try:
        address = ipaddress.ip_address(hostport.strip("[]"))
    except ValueError:
        return hostport or _LOOPBACK
    return str((address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None) or address)


def _connectable(host: str) -> str:
    # A server may listen on every address; a client needs one, and Go dials an empty host on this machine.
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host or _LOOPBACK
    if not address.is_unspecified:
        return host
    return _LOOPBACK if isinstance(address, ipaddress.IPv4Address) else "::1"


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
