"""Bring a source into the store: a file, a web address or an S3 key."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import httpx

from reelworks.domain.digest import sha256_of_file
from reelworks.domain.ids import is_video_id, video_id_for
from reelworks.domain.progress import Progress
from reelworks.errors import (
    InputError,
    NoSpaceError,
    SourceNotFoundError,
    SourceUnavailableError,
    SourceUnreadableError,
)
from reelworks.store.artifacts import ArtifactStore

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_BLOCK = 1 << 20
_SPARE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class LocalSource:
    """A source that lies on this machine now."""

    original: str
    """As the user gave it."""
    path: Path
    name: str
    """The file's own name, made safe for a store key."""
    sha256: str
    video_id: str


def localize(
    source: str, video_id: str | None, room: Path, store: ArtifactStore, progress: Progress
) -> LocalSource:
    """Bring ``source`` (path, http(s) URL or ``s3://bucket/key``) to this machine and name it.

    A local file stays where it is; others are downloaded into ``room``. ``progress`` counts bytes.
    Raises ``InputError`` for an id that is none, ``SourceNotFoundError``,
    ``SourceUnreadableError``, ``SourceUnavailableError`` (may pass) and ``NoSpaceError``.
    """
    if video_id is not None and not is_video_id(video_id):
        raise InputError(
            f"{video_id!r} cannot be a video id: use a-z, 0-9, - and _, at most 63 characters."
        )
    scheme = urlsplit(source).scheme.lower() if "://" in source else ""
    if scheme in ("http", "https"):
        path = _download(source, room, progress)
    elif scheme == "s3":
        path = _from_store(source, room, store)
    elif scheme:
        raise InputError(f"{source} cannot be read: use a path, http(s):// or s3://.")
    else:
        path = _existing_file(Path(source))
    try:
        digest = sha256_of_file(path)
    except PermissionError:
        raise SourceUnreadableError(f"{source} may not be read: permission denied.") from None
    except OSError as error:
        raise SourceUnreadableError(f"{source} cannot be read: {error.strerror}.") from None
    chosen = video_id or video_id_for(Path(path.name).stem, digest)
    return LocalSource(source, path, safe_name(path.name), digest, chosen)


def safe_name(name: str) -> str:
    """Return a file name that is safe in a store key: letters, digits, ``.``, ``_``, ``-``."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip(".-")[-100:] or "source"


def _existing_file(path: Path) -> Path:
    path = path.expanduser()
    try:
        if path.is_dir():
            raise SourceNotFoundError(f"{path} is a folder; name a file in it.")
        if not path.exists():
            raise SourceNotFoundError(f"{path} does not exist.")
    except PermissionError:
        raise SourceUnreadableError(f"{path} may not be read: permission denied.") from None
    return path


def _from_store(source: str, room: Path, store: ArtifactStore) -> Path:
    parts = urlsplit(source)
    key = unquote(parts.path.lstrip("/"))
    if not parts.netloc or not key:
        raise InputError(f"{source} is no S3 address: use s3://bucket/key.")
    target = room / safe_name(PurePosixPath(key).name)
    if not store.download(key, target, bucket=parts.netloc):
        raise SourceNotFoundError(f"{source} does not exist.")
    return target


def _download(url: str, room: Path, progress: Progress) -> Path:
    target = room / safe_name(unquote(PurePosixPath(urlsplit(url).path).name))
    shown = url.partition("?")[0]  # a query may hold a signature
    try:
        with (
            httpx.Client(timeout=_TIMEOUT, follow_redirects=True, max_redirects=5) as client,
            client.stream("GET", url) as answer,
        ):
            _check(answer, shown)
            total = int(answer.headers.get("content-length", 0))
            _check_room(room, total, shown)
            with target.open("wb") as file:
                for block in answer.iter_bytes(_BLOCK):
                    file.write(block)
                    progress(file.tell(), max(total, file.tell()))
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.TooManyRedirects) as error:
        raise InputError(f"{shown} cannot be fetched: {error}.") from None
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise SourceUnavailableError(f"{shown} cannot be fetched now: {reason}.") from None
    except OSError as error:
        raise NoSpaceError(f"{shown} cannot be kept in {room}: {error.strerror}.") from None
    return target


def _check(answer: httpx.Response, shown: str) -> None:
    status = answer.status_code
    if status in (404, 410):
        raise SourceNotFoundError(f"{shown} does not exist (HTTP {status}).")
    if status in (408, 425, 429) or status >= 500:
        raise SourceUnavailableError(f"{shown} cannot be fetched now (HTTP {status}).")
    if status >= 400:
        raise SourceUnreadableError(f"{shown} may not be read (HTTP {status}).")


def _check_room(room: Path, needed: int, shown: str) -> None:
    free = shutil.disk_usage(room).free
    if needed + _SPARE_BYTES > free:
        raise NoSpaceError(
            f"{shown} needs {needed >> 20} MB, but {room} has {free >> 20} MB free; make room."
        )
