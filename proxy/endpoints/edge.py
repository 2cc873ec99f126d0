"""The edge of the server, around everything else: who may talk to it, and what every answer carries.

Without keys a wye on a laptop must not answer a web page: only loopback names are a valid Host (a rebound DNS name is
none), and a foreign Origin is refused, which is also Ollama's own guard, taken off upstream. Every answer gets an
`x-request-id`, the framework's own 404 and 405 included.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

from proxy.endpoints.asgi_types import ASGIApp, Message, Receive, Scope, Send
from proxy.endpoints.failures import FAULT, fault
from proxy.endpoints.sending import send_error
from proxy.errors import BadRequest, Forbidden, HeadersTooLarge, InternalError, LoopDetected, ProxyError, UpgradeRefused
from proxy.telemetry.events import Emit

MAX_HEADERS = 64 * 2**10
_LOOPBACK = re.compile(r"(?:localhost|[a-z0-9-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?")
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")

RawHeaders = Iterable[tuple[bytes, bytes]]


class Edge:
    """The outermost ASGI application."""

    def __init__(self, app: ASGIApp, *, via: str, everywhere: bool, emit: Emit) -> None:
        self._app = app
        self._via = via
        self.everywhere = everywhere
        self._emit = emit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or say why not."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "WebSockets are not served here"})
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        id = f"wye-{secrets.token_hex(12)}"  # noqa: A001 - what it is
        scope.setdefault("state", {})["wye_id"] = id
        # The server adds a body's trailers to this list as they come; what is admitted here is what counts.
        scope["headers"] = list(scope["headers"])
        answer = _Answer(send, id, client_request_id(scope["headers"]))
        try:
            self._admit(scope["headers"])
            await self._app(scope, receive, answer)
        except ProxyError as error:
            await send_error(error, answer)
        except Exception as error:  # noqa: BLE001 - the edge is where a fault of ours becomes an answer
            self._emit(fault(id, error))
            if answer.started:
                raise RuntimeError("a fault after the answer had begun") from None
            await send_error(InternalError(FAULT), answer)

    def _admit(self, headers: RawHeaders) -> None:
        hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
        if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
            raise BadRequest("A request needs exactly one valid Host header.")
        if not self.everywhere and not _LOOPBACK.fullmatch(hosts[0].lower()):
            raise Forbidden("Without keys wye answers only to loopback names in the Host header, such as localhost.")
        if sum(len(name) + len(value) + 4 for name, value in headers) > MAX_HEADERS:
            raise HeadersTooLarge(f"The request headers are larger than {MAX_HEADERS} bytes.")
        for name, value in headers:
            self._look_at(name, value.decode("latin-1"), hosts[0])

    def _look_at(self, name: bytes, value: str, host: str) -> None:
        if name == b"origin" and value.lower() not in (f"http://{host.lower()}", f"https://{host.lower()}"):
            raise Forbidden("Web pages of another origin may not use this wye.")
        if name == b"upgrade":
            raise UpgradeRefused("Upgrading the connection is not supported.")
        if name == b"via" and self._via in value:
            raise LoopDetected("This request has been through this wye before: a target's url points back at it.")


class _Answer:
    """Sends what the application sends, with the ids that every answer carries."""

    def __init__(self, send: Send, id: str, request_id: str | None) -> None:  # noqa: A002 - what it is
        self._send = send
        self._id = id
        self._request_id = request_id
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = list(message["headers"])
            present = {name.lower() for name, _ in headers}
            if b"x-wye-id" not in present:
                headers.append((b"x-wye-id", self._id.encode()))
            if b"x-request-id" not in present:
                headers.append((b"x-request-id", (self._request_id or self._id).encode()))
            message["headers"] = headers
        await self._send(message)


def client_request_id(headers: RawHeaders) -> str | None:
    """Return the request id that a client sent, if it is one that may stand in a log."""
    sent = next((value.decode("latin-1") for name, value in headers if name == b"x-request-id"), "")
    return sent if _REQUEST_ID.fullmatch(sent) else None
