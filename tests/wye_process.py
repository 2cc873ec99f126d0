"""A real wye: a server process on a real socket, started as a user starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import openai

START_S = 20


class Wye:
    """`wye serve` with a configuration file of this text, on a free port; its log lines are read as events."""

    def __init__(self, config: str, *arguments: str, environ: Mapping[str, str] | None = None) -> None:
        self.config = config
        self.arguments = arguments
        self.environ = {**clean_environment(), **(environ or {})}
        self.events: list[dict[str, Any]] = []
        self.lines: list[str] = []
        self._clients: list[openai.OpenAI] = []
        self._news = threading.Condition()

    def __enter__(self) -> Self:
        self.folder = tempfile.TemporaryDirectory()
        file = Path(self.folder.name) / "wye.toml"
        file.write_text(self.config, encoding="utf-8")
        command = [sys.executable, "-m", "proxy", "serve", "--config", str(file), "--port", "0", *self.arguments]
        self.process = subprocess.Popen(command, env=self.environ, stderr=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        started = self.wait_for(lambda event: event["event"] == "server.started", START_S)
        self.base_url: str = started["url"]
        self.url = self.base_url.removesuffix("/v1")
        self.port = int(self.url.rpartition(":")[2])
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.close()
        self.stop()
        self.folder.cleanup()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop the process and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(15)
        self._reader.join(5)
        if self.process.stderr:
            self.process.stderr.close()
        return code

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._news:
                self.lines.append(line)
                if line.startswith("{"):
                    self.events.append(json.loads(line))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool], timeout_s: float = 5) -> dict[str, Any]:
        """Return the first event that is wanted, waiting for it. Raises AssertionError with the log."""
        with self._news:
            self._news.wait_for(lambda: any(map(wanted, self.events)) or not self._reader.is_alive(), timeout_s)
            found = next(filter(wanted, self.events), None)
        assert found is not None, "no such event; the log was:\n" + "".join(self.lines)
        return found

    def settled(self, exchange: str) -> dict[str, Any]:
        """Return the event that says how an exchange ended."""
        return self.wait_for(lambda event: event["event"] == "exchange.settled" and event["id"] == exchange)

    def client(self, **options: Any) -> openai.OpenAI:
        """Return the real OpenAI SDK, pointed at this wye as an application would point it."""
        client = openai.OpenAI(**{"base_url": self.base_url, "api_key": "sk-app", "max_retries": 0, **options})
        self._clients.append(client)
        return client


def clean_environment() -> dict[str, str]:
    """Return the environment without what would change where wye or a client looks."""
    unwanted = ("OPENAI_", "OLLAMA_", "WYE_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}


def two_targets(local: str, cloud: str, *, rules: str | None = None, extra: str = "", server: str = "") -> str:
    """Write the usual configuration: an Ollama that accepts every label, an OpenAI that accepts none."""
    return f"""
[server]
{server}
[target.local]
kind = "ollama"
url = "{local}"
accepts = ["*"]
model = "llama3"
[target.cloud]
kind = "openai"
url = "{cloud}"
model = "gpt-4o-mini"
{extra}
[[label]]
add = "private"
when = {{ secrets = true }}
{rules or RULES}
"""


RULES = """
[[rule]]
name = "big models go to the cloud"
when = { model = "gpt-4o" }
use = ["cloud", "local"]
[[rule]]
name = "everything else stays here"
use = ["local", "cloud"]
"""


def one_target(url: str, *, kind: str = "openai", more: str = "", server: str = "", rules: str | None = None) -> str:
    """Write a configuration with a single target named `up`."""
    return f"""
[server]
{server}
[target.up]
kind = "{kind}"
url = "{url}"
accepts = ["*"]
{more}
{
        rules
        or '''[[rule]]
name = "all"
use = ["up"]'''
    }
"""
