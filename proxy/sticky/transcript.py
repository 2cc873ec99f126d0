"""The bytes of one answer, collected while they go to the client, and read once when it is over."""

from __future__ import annotations

from collections.abc import Callable

from proxy.sticky.replies import replies_in
from proxy.sticky.turns import Turn
from proxy.wire.sse import DONE

MAX_BYTES = 16 * 2**20  # of a stream; what comes after is not collected, and whoever hears of the reply is told so
Over = Callable[[list[Turn], bool], None]


class Transcript:
    """Collects an answer and hands its replies on when it is over. Only labelled exchanges have one."""

    def __init__(self, over: Over) -> None:
        """Take who hears of the replies, and whether they are all that was said."""
        self._over = over
        self._pieces: list[bytes] = []
        self._size = 0

    def take(self, piece: bytes) -> None:
        """Take what is about to go to the client. A stream's last piece ends it: the client may ask again at once."""
        if self._size < MAX_BYTES:
            self._pieces.append(piece)
        self._size += len(piece)
        if piece.endswith(DONE):
            self.end()

    def end(self) -> None:
        """Read what has come, be it whole or not; a second end finds nothing more."""
        pieces, self._pieces = self._pieces, []
        if pieces:
            collected = b"".join(pieces)
            self._over(replies_in(collected), len(collected) == self._size)
