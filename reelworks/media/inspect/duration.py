"""Duration of a file as its header states it: for plans, where nothing is decoded."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import av.error

from reelworks.errors import SourceUnreadableError, UnsafeMediaError, UnsupportedMediaError
from reelworks.media.ffmpeg import CONTAINERS
from reelworks.media.inspect.container import open_container
from reelworks.media.inspect.picture_size import check_decodable, stated_size
from reelworks.media.inspect.sniff import HEAD_BYTES, script_kind
from reelworks.media.inspect.still_pictures import picture_kind, still_picture_error

MAX_BYTES = 24 << 20
"""Read of an object at most."""
MAX_SECONDS = 10.0
_BLOCK = 256 << 10


class _ReadLimitError(Exception):
    """The header is not within the bytes and seconds that may be read."""


class RangeStream(io.RawIOBase):
    """A seekable stream over an object that is read in ranges.

    Raises an error that ``object_duration`` knows once it has read ``MAX_BYTES``, or after
    ``MAX_SECONDS``.
    """

    def __init__(self, read_range: Callable[[int, int], bytes], size: int) -> None:
        """``read_range(start, length)`` returns that many bytes, fewer at the end."""
        self._read_range = read_range
        self._size = size
        self._at = 0
        self._block = (0, b"")
        self._given = 0
        self._until = time.monotonic() + MAX_SECONDS

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def read(self, count: int = -1) -> bytes:
        """Return up to ``count`` bytes."""
        start, block = self._block
        if not start <= self._at < start + len(block):
            start, block = self._block = (self._at, self._fetch(max(_BLOCK, count)))
        inside = self._at - start
        found = block[inside : len(block) if count < 0 else inside + count]
        self._at += len(found)
        return found

    def _fetch(self, count: int) -> bytes:
        if self._at >= self._size:
            return b""
        if self._given >= MAX_BYTES or time.monotonic() > self._until:
            raise _ReadLimitError
        block = self._read_range(self._at, min(count, self._size - self._at))
        self._given += len(block)
        return block


def file_duration(path: Path) -> float | None:
    """Return the seconds that a file states, None when it states none.

    Raises what ``open_container`` raises.
    """
    with open_container(path) as container:
        return _stated_duration(container)


def object_duration(stream: RangeStream, shown: str) -> float | None:
    """Return the seconds that an object states, None when it states none or too far inside.

    Raises ``UnsupportedMediaError`` and ``UnsafeMediaError``, and what reading it raises.
    """
    options = {"protocol_whitelist": "none", "format_whitelist": CONTAINERS}
    try:
        head = stream.read(HEAD_BYTES)
        picture = picture_kind(head)
        if picture is not None:
            raise still_picture_error(shown, picture)
        kind = script_kind(head)
        if kind is not None:
            raise UnsafeMediaError(f"{shown} is {kind}; give the video itself.")
        check_decodable(shown, stated_size(head, only_exact=True))
        stream.seek(0)
        with av.open(stream, options=options, metadata_errors="replace") as container:
            return _stated_duration(container)
    except _ReadLimitError:
        return None
    except (av.error.InvalidDataError, av.error.ArgumentError, av.error.PatchWelcomeError):
        check_decodable(shown, stated_size(head))
        raise UnsupportedMediaError(
            f"{shown} is not a readable video or audio file; is it damaged?"
        ) from None
    except av.error.FFmpegError as error:
        raise SourceUnreadableError(f"{shown} cannot be read: {error.strerror}.") from error


def _stated_duration(container: Any) -> float | None:
    return container.duration / av.time_base if container.duration else None
