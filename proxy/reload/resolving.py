"""The addresses behind host names, for the proof of a configuration: looked up now, and not waited for long."""

from __future__ import annotations

import socket
from threading import Thread

LIMIT_S = 2.0  # a start must not hang on a name server that is silent


def addresses(host: str) -> tuple[str, ...]:
    """Return the addresses that a host name has now; none where it has none, or nobody can tell in time."""
    found: list[str] = []
    asking = Thread(target=_look_up, args=(host, found), daemon=True)
    asking.start()
    asking.join(LIMIT_S)
    return tuple(dict.fromkeys(found))


def _look_up(host: str, found: list[str]) -> None:
    try:
        found.extend(str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        return
