"""Locators: the text that names a source, and the file name and title that it gives.

A locator is an absolute path, a ``file:`` URI, ``s3://bucket/key`` or an http(s) URL. A path is
written as it is while it is plain text. One with bytes that are not UTF-8, or with control
characters, is written as a ``file:`` URI (RFC 8089): PostgreSQL, JSON and terminals take no such
text, and percent escapes give every byte back.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from reelworks.domain.printable import one_line
from reelworks.errors import InputError

FILE_SCHEME = "file"
_LOCAL_HOSTS = ("", "localhost")
_SUFFIX = re.compile(r"\.(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,5}$")
"""Of a file's type; not the end of ``Vol. 2`` or ``v1.5``."""


def locator_of(path: Path) -> str:
    """Return the locator of a file or folder; ``path_of`` gives the very same bytes back."""
    absolute = path.absolute()
    text = str(absolute)
    return text if one_line(text) == text else absolute.as_uri()


def is_local(locator: str) -> bool:
    """Tell whether a locator names a file of this machine: a path or a ``file:`` URI."""
    scheme, mark, _ = locator.partition("://")
    return not mark or scheme.lower() == FILE_SCHEME


def path_of(locator: str) -> Path:
    """Return the path that a path or a ``file:`` URI names.

    Raises ``InputError`` for a URI of another machine, or with a NUL.
    """
    scheme, mark, rest = locator.partition("://")
    if not mark or scheme.lower() != FILE_SCHEME:
        return Path(locator)
    host, _, path = rest.partition("/")
    content = unquote_to_bytes(f"/{path}".encode("utf-8", "surrogateescape"))
    if host.lower() not in _LOCAL_HOSTS or b"\0" in content:
        raise InputError(f"{one_line(locator)} names no file of this machine; use file:///path.")
    return Path(os.fsdecode(content))


def file_name(locator: str) -> str:
    """Return the file's own name: of a URL decoded and without its query, else as it is.

    ``?`` and ``%`` may be part of a path and of an S3 key.
    """
    scheme, mark, rest = locator.partition("://")
    scheme = scheme.lower() if mark else ""
    if scheme in ("http", "https"):
        path = re.split(r"[?#]", rest, maxsplit=1)[0]
        return unquote(path.rstrip("/").rpartition("/")[2])
    if scheme == FILE_SCHEME:
        return path_of(locator).name
    return locator.rstrip("/").rpartition("/")[2]


def title_of(name: str) -> str:
    """Return the title that a file of this name gets: the name without its suffix, one line."""
    return one_line(_SUFFIX.sub("", name) or name)
