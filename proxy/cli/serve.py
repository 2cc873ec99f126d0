"""`wye serve`: the proxy itself, under uvicorn."""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from math import ceil
from pathlib import Path

import click
import structlog
import uvicorn

from proxy.cli.application import Application
from proxy.cli.hangup import listen_to_hangup, on_hangup
from proxy.cli.options import config_option
from proxy.cli.reported import reported
from proxy.cli.start import Start, prepare
from proxy.cli.workers import Workers
from proxy.reload.loaded import Given
from proxy.reload.reloader import Reloader
from proxy.telemetry.logs import log_event, set_up_logging
from proxy.version import VERSION

BACKLOG = 2048
IDLE_CONNECTION_S = 75  # longer than a load balancer in front keeps one, so that it never writes into a closed one


@click.command()
@config_option
@click.option("--host", metavar="ADDRESS", help="Where to listen; beyond loopback only with [server] open = true.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; 0 takes any that is free.")
@click.option("--workers", type=click.IntRange(1), help="How many processes serve.")
@click.option("--only", metavar="TARGET", help="Use this target for everything; labels still bind.")
@reported
def serve(config: Path | None, host: str | None, port: int | None, workers: int | None, only: str | None) -> None:
    """Serve. Without a file, an OpenAI key and an Ollama that answers are found by themselves."""
    start = prepare(config, Given(host, port, workers, only))
    set_up_logging(start.config.log.level, start.config.log.format)
    listener = bind(start.config.server.host, start.config.server.port)
    run = server(start, listener)
    announce(start, listener)
    run()


def bind(host: str, port: int) -> socket.socket:
    """Open the listening socket. Raises click.ClickException that says what is in the way."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)  # from here on nobody is refused: who connects early waits for the first answer
    except OSError as error:
        listener.close()
        raise click.ClickException(_in_the_way(host, port, error)) from None
    listener.set_inheritable(True)
    return listener


def _in_the_way(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is already in use on {host}: choose another with --port, or stop what uses it."
    return f"Cannot listen on {host} port {port}: {os.strerror(error.errno or 0)}."


def announce(start: Start, listener: socket.socket) -> None:
    """Say where wye listens and which rules and targets are in force."""
    address, port = listener.getsockname()[:2]
    host = f"[{address}]" if ":" in address else address
    config = start.config
    structlog.get_logger().info(
        "server.started",
        version=VERSION,
        url=f"http://{host}:{port}/v1",
        config=start.origin.name,
        targets=[f"{name} ({target.kind}, {accepted(target.accepts)})" for name, target in config.target.items()],
        labels=sorted({label.add for label in config.label}) or "none: nothing is kept from any target",
        rules=[rule.name for rule in config.rule],
        workers=config.server.workers,
        **({"only": only} if (only := start.origin.given.only) else {}),
    )


def accepted(labels: tuple[str, ...]) -> str:
    """Say which labels a target may be given."""
    if "*" in labels:
        return "accepts every label"
    return f"accepts {', '.join(labels)}" if labels else "accepts no label"


def server(start: Start, listener: socket.socket) -> Callable[[], None]:
    """Return what serves until it is stopped, in this process or in several; from now on a stop is listened to.

    The handlers only set a flag. Python's own raises KeyboardInterrupt wherever it stands, and is lost inside a
    destructor; and the default for SIGTERM would report a stop that was asked for as a failure.
    """
    reloader = Reloader(start.origin, start.loaded, os.environ, log_event)
    if start.config.server.workers > 1:
        return Workers(settings(start, Application(start)), [listener], reloader).run
    one = uvicorn.Server(settings(start, Application(start, reloader.verdicts())))
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, one.handle_exit)
    listen_to_hangup(on_hangup(reloader.ask, partial(one.handle_exit, signal.SIGTERM, None)))
    return partial(one.run, sockets=[listener])


def settings(start: Start, app: Application) -> uvicorn.Config:
    """Return uvicorn's settings: httptools is strict about framing, and wye writes its own log lines."""
    server = start.config.server
    return uvicorn.Config(
        app=app,
        factory=True,
        workers=server.workers,
        http="httptools",
        loop="auto" if sys.platform == "win32" else "uvloop",
        ws="none",
        lifespan="on",
        proxy_headers=False,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=IDLE_CONNECTION_S,
        timeout_graceful_shutdown=ceil(server.shutdown),
    )
