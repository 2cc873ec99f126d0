"""Everything that wye itself refuses or reports, each with the status, type and code that OpenAI's clients read.

    ProxyError
    ├── BadRequest            400  the request cannot be understood; `param` names the field
    │   └── Unsupported       400  understood, but whoever would answer cannot do it
    ├── Forbidden             403  not from here: Host, Origin, a target that clients may not name
    │   └── EgressRefused     403  no target accepts the labels that this request bears
    ├── NotFound              404  no such path, no such model
    ├── MethodNotAllowed      405
    ├── TooLarge              413
    ├── UnsupportedEncoding   415
    ├── HeadersTooLarge       431
    ├── InternalError         500  a fault of ours; the message never says what the request held
    ├── UpgradeRefused        501
    ├── LoopDetected          508
    ├── NoTarget              503  candidates are left, but none can be reached
    ├── Overloaded            503  a target's queue is full
    └── UpstreamError              what an upstream did
        ├── UpstreamAnswered   *   it answered with an error: its status, in OpenAI's shape
        ├── BadGateway        502  it broke off, or sent something that is not an answer
        │   └── Unreachable   502  no connection could be made
        └── GatewayTimeout    504  it stayed silent

Statuses and codes follow OpenAI's own API where it has one for the case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self


class Secret:
    """A target's key, to be kept out of everything that others read."""

    def __init__(self, key: str | None) -> None:
        self._key = key or ""

    def hidden_in(self, text: str) -> str:
        """Return a text with the key blotted out."""
        return text.replace(self._key, "***") if self._key else text


class ProxyError(Exception):
    """An error that has a form on the wire. `message` is one sentence for the caller and never holds request text."""

    status: int = 500
    type: str = "server_error"
    code: str | None = None
    own_headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code or self.code
        self.headers: dict[str, str] = dict(self.own_headers)
        self.attempts = 0

    def without(self, secret: Secret) -> Self:
        """Take a secret out of what this error says: some upstreams repeat the key that they refuse."""
        self.message = secret.hidden_in(self.message)
        self.headers = {name: secret.hidden_in(value) for name, value in self.headers.items()}
        return self


class BadRequest(ProxyError):
    """The request cannot be understood."""

    status = 400
    type = "invalid_request_error"


class Unsupported(BadRequest):
    """The request is understood, but whoever would answer cannot do it."""

    code = "unsupported_value"


class Forbidden(ProxyError):
    """The caller may not do this, or not from there."""

    status = 403
    type = "permission_error"
    code = "forbidden"
    own_headers: ClassVar[Mapping[str, str]] = {"x-should-retry": "false"}


class EgressRefused(Forbidden):
    """No target may be given a request with these labels. Nothing was sent."""

    code = "egress_refused"


class NotFound(ProxyError):
    """No such path or model."""

    status = 404
    type = "invalid_request_error"


class MethodNotAllowed(ProxyError):
    """The path exists, the method does not."""

    status = 405
    type = "invalid_request_error"
    code = "method_not_allowed"


class TooLarge(ProxyError):
    """The body is larger than `[server] max_body`."""

    status = 413
    type = "invalid_request_error"
    code = "request_too_large"


class UnsupportedEncoding(ProxyError):
    """The body is compressed; wye reads plain JSON."""

    status = 415
    type = "invalid_request_error"
    code = "unsupported_content_encoding"


class HeadersTooLarge(ProxyError):
    """The request headers exceed 64 KiB, OpenAI's own limit."""

    status = 431
    type = "invalid_request_error"
    code = "request_header_fields_too_large"


class InternalError(ProxyError):
    """A fault of wye's own."""

    code = "internal_error"


class UpgradeRefused(ProxyError):
    """A WebSocket or another protocol was asked for."""

    status = 501
    type = "invalid_request_error"
    code = "upgrade_not_supported"


class LoopDetected(ProxyError):
    """The request has been through this wye before."""

    status = 508
    code = "loop_detected"
    own_headers: ClassVar[Mapping[str, str]] = {"x-should-retry": "false"}


class NoTarget(ProxyError):
    """Candidates are left, but none of them can be reached."""

    status = 503
    code = "no_target_available"


class Overloaded(ProxyError):
    """A target's queue is full, or the wait in it took too long."""

    status = 503
    code = "server_overloaded"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.headers["retry-after"] = str(retry_after_s)


class UpstreamError(ProxyError):
    """What an upstream did instead of answering. `failure` is its class, as rules name it in `on`."""

    failure: str = "bad_answer"


class UpstreamAnswered(UpstreamError):
    """An upstream answered with an error of its own, which keeps its status."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        type: str,  # noqa: A002 - OpenAI's name for it
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message, param=param, code=code)
        self.status = status
        self.type = type
        self.failure = _failure_class(status, self.code)


class BadGateway(UpstreamError):
    """An upstream broke off, or sent something that is not an answer."""

    status = 502
    code = "upstream_error"


class Unreachable(BadGateway):
    """No connection to an upstream could be made: refused, no such name, no TLS."""

    failure = "connect"


class GatewayTimeout(UpstreamError):
    """An upstream stayed silent for longer than its time-outs allow."""

    status = 504
    code = "upstream_timeout"
    failure = "timeout_first_token"


# What a caller got wrong would be wrong anywhere; 402, 405, 451 and kin are between wye and that target.
_CALLERS_FAULT = frozenset({400, 413, 422})


def _failure_class(status: int, code: str | None) -> str:
    by_code = {
        "context_length_exceeded": "context_too_long",
        "model_not_found": "model_missing",
        "content_filter": "content_filter",
    }
    by_status = {401: "auth", 403: "auth", 404: "model_missing", 408: "timeout_first_token", 429: "rate_limited"}
    server_side = status >= 500  # noqa: PLR2004 - the line between the caller's faults and the server's
    other = "server_error" if server_side else "bad_request" if status in _CALLERS_FAULT else "bad_answer"
    return by_code.get(code or "") or by_status.get(status) or other
