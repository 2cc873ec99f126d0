"""The outside of Ollama's server: gin's JSON, the CORS layer and the Host check of `server/routes.go`."""

from __future__ import annotations

import ipaddress
import re
import socket
from email.utils import formatdate
from typing import Any

from tests.fakes.golang import marshal
from tests.fakes.server import Request, Wire

ORIGINS = re.compile(
    r"https?://(localhost|127\.0\.0\.1|0\.0\.0\.0)(:.*)?|(app|file|tauri|vscode-webview|vscode-file)://.*|"
    r"(chrome|safari|moz|ms-browser)-extension://.*"
)
PRIVATE = [ipaddress.ip_network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")]


def allowed_origin(request: Request) -> bool:
    """`gin-contrib/cors` with `envconfig.AllowedOrigins`: no Origin, the own host, loopback or an app."""
    origin, host = request.header("origin"), request.header("host")
    return not origin or origin in (f"http://{host}", f"https://{host}") or bool(ORIGINS.fullmatch(origin))


def allowed_host(given: str) -> bool:
    """`server/routes.go` allowedHostsMiddleware for a server on loopback."""
    split = re.fullmatch(r"\[([^\]]*)\]:\d*|([^:]*):\d*", given)
    host = (split[1] or split[2] or "").lower() if split else given.lower()
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        local = host.endswith((".localhost", ".local", ".internal"))
        return local or host in ("", "localhost", socket.gethostname().lower())
    return address.is_loopback or address.is_unspecified or any(address in network for network in PRIVATE)


async def gin(wire: Wire, status: int, body: dict[str, Any]) -> None:
    """`c.JSON` without a middleware in the way."""
    await wire.reply(status, marshal(body).encode(), {"content-type": "application/json; charset=utf-8", **date()})


def date() -> dict[str, str]:
    """The header that Go adds to every answer."""
    return {"date": formatdate(usegmt=True)}
