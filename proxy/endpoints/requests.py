"""What every handler takes in of a request: its method, its headers, its body and its address."""

from __future__ import annotations

from urllib.parse import unquote_plus

from proxy.endpoints.asgi_types import Scope
from proxy.errors import MethodNotAllowed
from proxy.pipeline.context import Context


def refuse_other_methods(scope: Scope) -> None:
    """Raise MethodNotAllowed for any method but POST."""
    if scope.get("method") != "POST":
        error = MethodNotAllowed("Only POST is allowed here.")
        error.headers["allow"] = "POST"
        raise error


def read_context(scope: Scope, body: bytes) -> Context:
    """Take in what an exchange reads of a request."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        # A field that comes twice is one list (RFC 9110, 5.2): a label in the first must not be lost to the second.
        key, text = name.decode("latin-1"), value.decode("latin-1").strip(" \t")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    address = f"{scope['path']}?{unquote_plus(scope['query_string'].decode('latin-1'))}"
    return Context(id=scope["state"]["wye_id"], endpoint="chat", headers=headers, body=body, address=address)
