from __future__ import annotations

import socket
from threading import Event
from typing import Any

import pytest

from proxy.reload import resolving
from proxy.reload.resolving import addresses


def test_a_name_gives_its_addresses_each_once() -> None:
    assert "127.0.0.1" in addresses("localhost")
    assert len(set(addresses("localhost"))) == len(addresses("localhost"))


@pytest.mark.parametrize("error", [socket.gaierror(socket.EAI_NONAME, "no such name"), UnicodeError("label too long")])
def test_a_name_that_nobody_knows_has_none(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert addresses("nobody.example") == ()


def test_a_silent_name_server_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    silence = Event()
    monkeypatch.setattr(resolving, "LIMIT_S", 0.01)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [silence.wait(10)][1:])
    assert addresses("slow.example") == ()
    silence.set()
