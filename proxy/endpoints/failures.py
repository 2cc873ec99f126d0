"""Litestar's own errors (no such path, no such method, a fault in a handler) in OpenAI's shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException

from proxy.errors import BadRequest, InternalError, MethodNotAllowed, NotFound, ProxyError
from proxy.telemetry.events import Emit, Fault
from proxy.wire.failure import error_body

FAULT = "wye failed on this request; its log says where."


def as_response(error: ProxyError) -> Response[bytes]:
    """Write an error as Litestar's kind of response."""
    headers = {name: value for name, value in error.headers.items() if name != "content-type"}
    return Response(error_body(error), status_code=error.status, headers=headers, media_type="application/json")


def on_proxy_error(_: Request[Any, Any, Any], error: ProxyError) -> Response[bytes]:
    """Answer one of our own errors."""
    return as_response(error)


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answer one of Litestar's errors."""
    response = as_response(_translate(request, error))
    if isinstance(error, MethodNotAllowedException) and error.headers and "allow" in error.headers:
        response.headers["allow"] = error.headers["allow"]
    return response


def _translate(request: Request[Any, Any, Any], error: HTTPException) -> ProxyError:
    if isinstance(error, NotFoundException):
        return NotFound(f"Invalid URL ({request.method} {request.url.path})", code="unknown_url")
    if isinstance(error, MethodNotAllowedException):
        return MethodNotAllowed(f"Not allowed: {request.method} {request.url.path}")
    if error.status_code < 500:  # noqa: PLR2004 - the caller's fault
        return BadRequest("The request cannot be read.")
    return InternalError(FAULT)


def fault_handler(emit: Emit) -> Callable[[Request[Any, Any, Any], Exception], Response[bytes]]:
    """Make the handler for faults of ours: the log gets their place, the client an error without details."""

    def on_fault(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        emit(fault(request.scope["state"].get("wye_id", ""), error))
        return as_response(InternalError(FAULT))

    return on_fault


def fault(id: str, error: BaseException) -> Fault:  # noqa: A002 - the exchange's id
    """Say which kind of fault arose and where in the code, file and line, without any value."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    where = f"{at.tb_frame.f_code.co_filename.rpartition('/')[2]}:{at.tb_lineno}" if at is not None else "unknown"
    return Fault(id=id, kind=type(error).__name__, where=where)
