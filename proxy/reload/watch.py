"""Whether files have changed, asked of the file system now and then.

Asking works everywhere: for editors that write in place or by rename, and for Kubernetes, which swaps a symbolic link
two folders up. A few calls of `stat` take microseconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

Marks = tuple[tuple[int, int, int, int] | None, ...]


class Watch:
    """Some files, and what they were like when they were last taken in."""

    def __init__(self, files: Iterable[Path]) -> None:
        self.files = tuple(files)
        self._taken: Marks | None = None

    def follow(self, files: Iterable[Path]) -> None:
        """Watch these files from now on."""
        if (files := tuple(files)) != self.files:
            self.files, self._taken = files, None

    def marks(self) -> Marks:
        """Return what tells one state of the files from another without reading them."""
        return tuple(map(_mark, self.files))

    def stirred(self) -> bool:
        """Say whether a file may have changed, vanished or come since they were last taken in."""
        return self.marks() != self._taken

    def taken(self, marks: Marks) -> None:
        """Remember what the files were like when they were taken in."""
        self._taken = marks

    def digest(self) -> bytes:
        """Return what tells one content of the files from another."""
        digest = hashlib.blake2b()
        for file in self.files:
            text = _content(file)
            digest.update(b"-" if text is None else b"+%d:" % len(text) + text)
        return digest.digest()


def _mark(file: Path) -> tuple[int, int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None
