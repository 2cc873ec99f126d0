"""A raw HTTP/1.1 server on real sockets whose every answer is written by a scripted handler."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType, TracebackType
from typing import Any, Self

Handler = Callable[["Request", "Wire"], Awaitable[None]]
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
BODILESS = (204, 304)
SEND_BUFFER = 64 * 1024
CHECK_EVERY_S = 0.005


@dataclass(eq=False)
class Request:
    """One request as it came over the wire; header names are lower case and keep their order."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int
    gone: threading.Event = field(default_factory=threading.Event)

    @property
    def path(self) -> str:
        """The raw target up to the question mark."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The raw target after the question mark."""
        return self.target.partition("?")[2]

    def header(self, name: str) -> str | None:
        """The first value of a header, or None."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)


class Wire:
    """What a handler answers with; every method returns only once the kernel has taken the bytes."""

    def __init__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self._request, self._writer = request, writer
        self._left = asyncio.Event()
        self.waits_for_peer = self.started = self.complete = False
        self.written = 0

    async def reply(self, status: int, body: object = b"", headers: Mapping[str, str] = NO_HEADERS) -> None:
        """Answer whole, with a content-length; dicts and lists become JSON."""
        data, kind = _encode(body)
        lengths = {} if status in BODILESS else {"content-length": str(len(data))}
        head = self._head(status, {**kind, **lengths, **headers})
        self.complete, self.written = True, len(data)
        await self.raw(head if self._request.method == "HEAD" or status in BODILESS else head + data)

    async def start(self, status: int = 200, headers: Mapping[str, str] = NO_HEADERS) -> None:
        """Send the head of a chunked answer."""
        await self.raw(self._head(status, {"transfer-encoding": "chunked", **headers}))

    async def write(self, data: bytes) -> None:
        """Send one chunk, and wait while the peer does not read."""
        if data:
            await self.raw(b"%x\r\n%b\r\n" % (len(data), data))
            self.written += len(data)

    async def end(self) -> None:
        """Send the terminating chunk; the connection stays usable."""
        self.complete = True
        await self.raw(b"0\r\n\r\n")

    async def cut(self) -> None:
        """Reset the connection, without any terminator."""
        sock: socket.socket = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.started, self.complete = True, False
        self._writer.transport.abort()

    async def raw(self, data: bytes) -> None:
        """Send bytes as they are; if nothing else ends the answer, the connection is closed after it."""
        self.started = True
        self._writer.write(data)
        await self._writer.drain()

    async def gone(self) -> None:
        """Return when the peer has closed; a handler that waits here is not cancelled by it."""
        self.waits_for_peer = True
        await self._left.wait()
        self.waits_for_peer = False

    def leave(self) -> None:
        """Note that the peer has closed."""
        self._request.gone.set()
        self._left.set()

    def _head(self, status: int, headers: Mapping[str, str]) -> bytes:
        phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
        close = {"connection": "close"} if _closes(self._request) else {}
        lines = [f"{name}: {value}" for name, value in {**close, **headers}.items()]
        return "\r\n".join([f"HTTP/1.1 {status} {phrase}", *lines, "", ""]).encode("latin-1")


class Server:
    """Serves `handler` from a thread with its own loop, so that sync and async tests can both use it."""

    def __init__(self, handler: Handler, host: str = "127.0.0.1") -> None:
        self.handler, self.host, self.port = handler, host, 0
        self.requests: list[Request] = []
        self.connections = 0
        self.errors: list[str] = []
        self._news = threading.Condition()
        self._loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: dict[asyncio.StreamWriter, Wire | None] = {}

    @property
    def url(self) -> str:
        """The address clients use, without a trailing slash."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"

    def start(self) -> None:
        """Listen; a server that was stopped comes back on the same port."""
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(ready,), name=type(self).__name__, daemon=True)
        self._thread.start()
        assert ready.wait(10), "the fake server did not start"
        assert self.port, f"the fake server could not listen: {self.errors}"

    def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._thread = None

    def close_idle(self) -> None:
        """Close the kept-alive connections that carry no request now, and return when that is done."""
        asyncio.run_coroutine_threadsafe(self._close_idle(), self._loop).result(10)

    def wait_for(self, check: Callable[[list[Request]], bool], timeout_s: float = 5) -> None:
        """Return as soon as `check` holds, for the requests so far or for anything else; fail when it does not."""
        until = time.monotonic() + timeout_s
        with self._news:
            while not (done := check(self.requests)) and time.monotonic() < until:
                self._news.wait(CHECK_EVERY_S)
        assert done, f"not within {timeout_s} s; requests: {[(r.method, r.target) for r in self.requests]}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.stop()
        if self.errors and error is None:
            raise AssertionError("a handler of the fake server failed:\n" + "\n".join(self.errors))
        if self.errors and error is not None:
            error.add_note("a handler of the fake server failed as well:\n" + "\n".join(self.errors))

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            listener = self._loop.run_until_complete(asyncio.start_server(self._accept, self.host, self.port))
            self.port = listener.sockets[0].getsockname()[1]
            ready.set()
            self._loop.run_forever()
            listener.close()
            self._loop.run_until_complete(self._close_all())
        except Exception:  # noqa: BLE001 - shown by the context
            self.errors.append(traceback.format_exc())
            ready.set()
        finally:
            self._loop.close()

    async def _close_all(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._open:  # of a connection whose task was cancelled before it began
            writer.close()
        await asyncio.sleep(0)

    async def _close_idle(self) -> None:
        idle = [writer for writer, wire in self._open.items() if wire is None or wire.complete]
        for writer in idle:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in idle), return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.set_write_buffer_limits(high=0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self.connections += 1
        self._open[writer] = None
        task = self._loop.create_task(self._serve(_Inbox(reader), writer, self.connections))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, inbox: _Inbox, writer: asyncio.StreamWriter, connection: int) -> None:
        try:
            while await self._exchange(inbox, writer, connection):
                pass
        except (EOFError, ConnectionError):
            pass
        except Exception:  # noqa: BLE001 - shown by the context
            self.errors.append(traceback.format_exc())
        finally:
            del self._open[writer]
            writer.close()

    async def _exchange(self, inbox: _Inbox, writer: asyncio.StreamWriter, connection: int) -> bool:
        self._open[writer] = None
        request = await _read_request(inbox, writer, connection)
        wire = self._open[writer] = Wire(request, writer)
        await self._answer(request, wire, inbox)
        return wire.complete and not _closes(request)

    async def _answer(self, request: Request, wire: Wire, inbox: _Inbox) -> None:
        self._tell(lambda: self.requests.append(request))
        answering = asyncio.ensure_future(self.handler(request, wire))
        watching = asyncio.ensure_future(self._watch(wire, inbox, answering))
        try:
            await asyncio.wait([answering])
        finally:
            answering.cancel()
            watching.cancel()
            await asyncio.gather(answering, watching, return_exceptions=True)
        self._judge(answering, wire)

    async def _watch(self, wire: Wire, inbox: _Inbox, answering: asyncio.Future[None]) -> None:
        try:
            while True:
                await inbox.more()
        except (EOFError, ConnectionError):
            if not wire.complete:
                self._tell(wire.leave)
                if not wire.waits_for_peer:
                    answering.cancel()

    def _judge(self, answering: asyncio.Future[None], wire: Wire) -> None:
        error = None if answering.cancelled() else answering.exception()
        if isinstance(error, ConnectionError):
            self._tell(wire.leave)
        elif error is not None:
            self.errors.append("".join(traceback.format_exception(error)))
        elif not answering.cancelled() and not wire.started and not wire._left.is_set():
            self.errors.append("the handler returned without an answer")
        self._tell(lambda: None)

    def _tell(self, change: Callable[[], None]) -> None:
        with self._news:
            change()
            self._news.notify_all()


class _Inbox:
    """Buffered reading that can also watch for the peer's leaving without losing pipelined bytes."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader, self._held = reader, bytearray()

    async def more(self) -> None:
        data = await self._reader.read(65536)
        if not data:
            raise EOFError
        self._held += data

    async def line(self) -> str:
        while (end := self._held.find(b"\n")) < 0:
            await self.more()
        return (await self.exactly(end + 1)).decode("latin-1").rstrip("\r\n")

    async def exactly(self, count: int) -> bytes:
        while len(self._held) < count:
            await self.more()
        data = bytes(self._held[:count])
        del self._held[:count]
        return data


async def _read_request(inbox: _Inbox, writer: asyncio.StreamWriter, connection: int) -> Request:
    method, target, _version = (await inbox.line()).split(" ")
    headers = []
    while line := await inbox.line():
        name, _, value = line.partition(":")
        headers.append((name.lower(), value.strip()))
    request = Request(method, target, headers, b"", connection)
    if request.header("expect") == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.body = await _read_body(inbox, request)
    return request


async def _read_body(inbox: _Inbox, request: Request) -> bytes:
    if request.header("transfer-encoding") != "chunked":
        return await inbox.exactly(int(request.header("content-length") or 0))
    body = bytearray()
    while size := int((await inbox.line()).partition(";")[0], 16):
        body += await inbox.exactly(size)
        await inbox.line()
    while await inbox.line():
        pass
    return bytes(body)


def _closes(request: Request) -> bool:
    return (request.header("connection") or "").lower() == "close"


def _encode(body: object) -> tuple[bytes, dict[str, str]]:
    if isinstance(body, bytes):
        return body, {}
    if isinstance(body, str):
        return body.encode(), {"content-type": "text/plain; charset=utf-8"}
    return json.dumps(body, ensure_ascii=False).encode(), {"content-type": "application/json"}
