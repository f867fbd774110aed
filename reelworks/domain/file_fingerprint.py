"""File fingerprints: whether a file is still the one that was read before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reelworks.errors import InputError, ProcessError, SourceChangedError


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What changes when a file is written to or replaced by another."""

    device: int
    inode: int
    size: int
    """Bytes."""
    modified: int
    """Nanoseconds since 1970."""


def stamp_of(path: Path) -> FileStamp | None:
    """Return the stamp of the file now at ``path``; None when there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return FileStamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


@contextmanager
def unchanged(path: Path, stamp: FileStamp | None) -> Iterator[None]:
    """Read a file inside; raises ``SourceChangedError`` when it was written to meanwhile.

    That comes before what a reader says of bytes that changed under it.
    """
    try:
        yield
    except (InputError, ProcessError):
        must_be_unchanged(path, stamp)
        raise
    must_be_unchanged(path, stamp)


def must_be_unchanged(path: Path, stamp: FileStamp | None) -> None:
    """Raise ``SourceChangedError`` unless the file at ``path`` still has this stamp."""
    if stamp is None or stamp_of(path) != stamp:
        raise SourceChangedError(
            f"{path} was changed while it was being read; index it again once it is complete."
        )
