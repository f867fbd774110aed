"""A file that is written to, replaced or removed while it is read is noticed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reelworks.domain.file_fingerprint import stamp_of, unchanged
from reelworks.errors import CancelledError, SourceChangedError, UnsupportedMediaError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"content")
    return path


def replaced(path: Path) -> None:
    """By a file of the same size and time."""
    new = path.with_suffix(".new")
    new.write_bytes(b"CONTENT")
    times = path.stat()
    os.utime(new, ns=(times.st_atime_ns, times.st_mtime_ns))
    new.replace(path)


def rewritten(path: Path) -> None:
    """With the same size."""
    path.write_bytes(b"CONTENT")


def longer(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"!")


CHANGES = [replaced, rewritten, longer, Path.unlink]


def test_a_file_at_rest_may_be_read(file: Path) -> None:
    with unchanged(file, stamp_of(file)):
        assert file.read_bytes() == b"content"


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_noticed_at_the_end(file: Path, change: Callable[[Path], None]) -> None:
    stamp = stamp_of(file)
    with pytest.raises(SourceChangedError, match=r"talk\.mp4 was chan"), unchanged(file, stamp):
        change(file)


def test_a_change_comes_before_what_the_reader_says(file: Path) -> None:
    stamp = stamp_of(file)
    with pytest.raises(SourceChangedError), unchanged(file, stamp):
        longer(file)
        raise UnsupportedMediaError("talk.mp4 is damaged.")


def test_what_the_reader_says_of_a_file_at_rest_stands(file: Path) -> None:
    with pytest.raises(UnsupportedMediaError), unchanged(file, stamp_of(file)):
        raise UnsupportedMediaError("talk.mp4 is damaged.")


def test_who_stops_the_work_is_not_told_of_changes(file: Path) -> None:
    stamp = stamp_of(file)
    with pytest.raises(CancelledError), unchanged(file, stamp):
        longer(file)
        raise CancelledError("Stopped.")


def test_a_file_that_was_never_there_is_no_file_at_rest(tmp_path: Path) -> None:
    with pytest.raises(SourceChangedError), unchanged(tmp_path / "gone", stamp_of(tmp_path / "no")):
        pass
