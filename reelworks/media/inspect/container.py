"""Media containers opened with PyAV, restricted to local files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import av.error

from reelworks.errors import SourceUnreadableError, UnsupportedMediaError, exhausted
from reelworks.media.ffmpeg import CONTAINERS, PROTOCOLS, file_url
from reelworks.media.inspect.picture_size import check_decodable, stated_size
from reelworks.media.inspect.sniff import check_source


@contextmanager
def open_container(path: Path) -> Iterator[Any]:
    """Open a media file with PyAV; it cannot make the reader open other files or hosts.

    Raises what ``check_source`` raises, ``UnsupportedMediaError`` when it is no media or its
    picture is too large for any decoder, and ``SourceUnreadableError`` when reading it fails.
    """
    head = check_source(path)
    check_decodable(str(path), stated_size(head, only_exact=True))
    options = {"protocol_whitelist": PROTOCOLS, "format_whitelist": CONTAINERS}
    try:
        # Broken tags are no reason to refuse a file: they are only shown.
        container = av.open(file_url(path), options=options, metadata_errors="replace")
    except (av.error.InvalidDataError, av.error.ArgumentError, av.error.PatchWelcomeError):
        check_decodable(str(path), stated_size(head))
        raise UnsupportedMediaError(
            f"{path} is not a readable video or audio file; is it damaged?"
        ) from None
    except av.error.FFmpegError as error:
        raise exhausted(error) or SourceUnreadableError(
            f"{path} cannot be read: {error.strerror}."
        ) from error
    with container:
        yield container
