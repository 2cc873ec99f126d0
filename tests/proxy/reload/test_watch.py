from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy.reload.watch import Watch


def watch_of(*files: Path) -> Watch:
    """Watch files that have just been taken in."""
    made = Watch(files)
    made.taken(made.marks())
    assert not made.stirred()
    return made


def by_rename(file: Path) -> None:
    other = file.with_name("other")
    other.write_text("b")
    os.utime(other, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))  # the same size and time: only a new inode
    other.rename(file)


def in_place(file: Path) -> None:
    file.write_text("bb")


def in_place_of_the_same_size(file: Path) -> None:
    before = file.stat()
    file.write_text("b")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


@pytest.mark.parametrize("edit", [by_rename, in_place, in_place_of_the_same_size, Path.unlink])
def test_a_change_is_seen_however_it_is_made(tmp_path: Path, edit: Callable[[Path], None]) -> None:
    file = tmp_path / "a"
    file.write_text("a")
    watch, digest = watch_of(file), Watch([file]).digest()
    edit(file)
    assert watch.stirred()
    assert watch.digest() != digest


def test_a_link_is_followed_to_what_it_leads_to(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    (tmp_path / "link").symlink_to("a")
    watch = watch_of(tmp_path / "link" / "file")
    (tmp_path / "new").symlink_to("b")
    (tmp_path / "new").rename(tmp_path / "link")
    assert watch.stirred()


def test_every_file_counts_and_one_that_comes_later_too(tmp_path: Path) -> None:
    here, later = tmp_path / "here", tmp_path / "later"
    here.write_text("a")
    watch = watch_of(here, later)
    later.write_text("b")
    assert watch.stirred()


def test_a_touch_stirs_and_changes_no_digest(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("a")
    watch, digest = watch_of(file), Watch([file]).digest()
    os.utime(file, (5, 5))
    assert watch.stirred()
    assert watch.digest() == digest


def test_where_one_file_ends_and_the_next_begins_counts(tmp_path: Path) -> None:
    files = [tmp_path / "a", tmp_path / "b"]
    digests = set()
    for texts in (("xy", ""), ("x", "y"), ("", "xy")):
        for file, text in zip(files, texts, strict=True):
            file.write_text(text)
        digests.add(Watch(files).digest())
    files[0].unlink()
    digests.add(Watch(files).digest())
    assert len(digests) == 4


def test_other_files_are_looked_at_anew_and_the_same_ones_are_not(tmp_path: Path) -> None:
    file = tmp_path / "a"
    watch = watch_of(file)
    watch.follow([file])
    assert not watch.stirred()
    watch.follow([file, tmp_path / "b"])
    assert watch.stirred()
