"""What this process connects to and which names it looks up, seen by the interpreter and not by what is tested.

An audit hook can never be taken out again, so there is one for the process and a switch.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

# For each lookup of a name the addresses that are answered; none means that there is no such name. The last one stays.
Script = Sequence[Sequence[str]]
_REAL = socket.getaddrinfo
_CONNECTS = ("socket.connect", "socket.sendto", "socket.sendmsg")


@dataclass
class Watch:
    """What was seen while it was switched on. `wave` is a mark that whoever drives the case moves on."""

    script: Mapping[str, Script]
    wave: int = -1
    connected: list[tuple[int, str, int]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    _lookups: dict[str, int] = field(default_factory=dict)

    def resolve(self, host: Any, port: Any, *more: Any, **named: Any) -> Any:
        """Stand in for `socket.getaddrinfo`: scripted names by the script, numbers by the system."""
        name = str(host).lower()
        self.asked.append(name)
        if name not in self.script:
            if name.replace(".", "").isdigit():
                return _REAL(host, port, *more, **named)
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        answers = self.script[name]
        turn = self._lookups[name] = self._lookups.get(name, -1) + 1
        found = answers[min(turn, len(answers) - 1)]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]


_on: list[Watch] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _on and event in _CONNECTS:
        place = arguments[1]
        if isinstance(place, tuple):
            _on[-1].connected.append((_on[-1].wave, str(place[0]), int(place[1])))


sys.addaudithook(_hook)


@contextmanager
def watching(script: Mapping[str, Script]) -> Iterator[Watch]:
    """Record what is connected and looked up, and answer lookups by the script."""
    watch = Watch(script)
    _on.append(watch)
    try:
        with mock.patch.object(socket, "getaddrinfo", watch.resolve):
            yield watch
    finally:
        _on.remove(watch)
