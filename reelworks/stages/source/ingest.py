"""Ingest: a source (file, URL or S3 key) as a local file with its digest and video id."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from reelworks.domain.artifact_keys import UPLOADS
from reelworks.domain.digest import sha256_of_file
from reelworks.domain.file_fingerprint import FileStamp, stamp_of
from reelworks.domain.ids import VIDEO_ID_RULE, is_video_id, video_id_for
from reelworks.domain.jobs.progress import Progress
from reelworks.domain.locators import FILE_SCHEME, file_name, locator_of, path_of
from reelworks.domain.printable import one_line
from reelworks.errors import (
    ArtifactUnreadableError,
    InputError,
    SourceNotFoundError,
    SourceUnreadableError,
    exhausted,
)
from reelworks.stages.source.download import download
from reelworks.stages.source.limits import PUBLIC_ONLY, SourceLimits

_HOST = re.compile(r"([^:\[\]]*|\[[^\]]*\])(:\d*)?")
_HIDDEN = "..."
"""Shown for a URL like ``http://user:a/b@host``, of which a part would be taken for the host."""


class ObjectReader(Protocol):
    """What ingest needs of an object store; ``store.objects.artifacts`` implements it."""

    @property
    def bucket(self) -> str:
        """Our own bucket, where uploads lie."""

    def download(self, key: str, to: Path, *, bucket: str | None = None) -> bool:
        """Write an object to the path ``to``; False when there is none.

        Raises ``ArtifactUnreadableError`` for a damaged one of our own bucket.
        """

    def note_unreadable(self, key: str) -> None:
        """Note that an object of our own bucket cannot be read, so that it is stored again."""


@dataclass(frozen=True, slots=True)
class LocalSource:
    """A source as a file on this machine."""

    original: str
    """As the user gave it, but for passwords and signatures: see ``without_secrets``."""
    path: Path
    name: str
    """The file's own name, made safe for a store key."""
    sha256: str
    stamp: FileStamp | None
    """Of the file before its digest was read."""
    video_id: str


def localize(
    source: str,
    video_id: str | None,
    work_dir: Path,
    store: ObjectReader,
    progress: Progress,
    limits: SourceLimits = PUBLIC_ONLY,
) -> LocalSource:
    """Bring ``source`` (path, ``file:`` URI, http(s) URL, ``s3://bucket/key``) to this machine.

    It is identified by its digest. A local file stays where it is; others are downloaded into
    ``work_dir``. ``progress`` counts bytes. Raises ``InputError`` for an invalid id,
    ``SourceNotFoundError``, ``SourceUnreadableError``, ``SourceUnavailableError`` (transient),
    ``UnsafeAddressError``, ``OverLimitError`` and ``NoSpaceError``.
    """
    if video_id is not None and not is_video_id(video_id):
        raise InputError(f"{video_id!r} cannot be a video id: {VIDEO_ID_RULE}.")
    shown = without_secrets(source)
    scheme, mark, rest = source.partition("://")
    scheme = scheme.lower() if mark else ""
    if shown.endswith(f"://{_HIDDEN}"):
        raise InputError(
            f"{shown} is not a valid URL; write / ? # @ of a password as %2F %3F %23 %40."
        )
    if scheme in ("http", "https"):
        name = file_name(source)
        path = download(source, work_dir / safe_name(name), shown, progress, limits)
    elif scheme == "s3":
        name = _own_name(rest, video_id, store.bucket)
        path = _from_store(rest, work_dir / safe_name(name), store)
    elif scheme in ("", FILE_SCHEME):
        path = existing_file(str(path_of(source)) if scheme else source)
        name, locator = path.name, locator_of(path)
        if scheme or "://" in locator:  # the row must name these very bytes
            shown = locator
        if "://" in locator:
            path = _linked(path, work_dir / safe_name(name))
    else:
        raise InputError(f"{shown} cannot be read; use a path, http(s):// or s3://.")
    with _reading(shown):
        stamp = stamp_of(path)
        digest = sha256_of_file(path)
    video_id = video_id or video_id_for(PurePosixPath(name).stem, digest)
    return LocalSource(shown, path, safe_name(name), digest, stamp, video_id)


def safe_name(name: str) -> str:
    """Return a file name that is safe in a store key: letters, digits, ``.``, ``_``, ``-``."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[-100:].lstrip(".-") or "source"


def without_secrets(source: str) -> str:
    """Return a source fit for rows, logs and messages: no password, no query, one line.

    The query of a URL is often its signature. An S3 key stays whole: ``?`` may be part of it.
    A URL whose host cannot be distinguished from a password is not shown at all.
    """
    scheme, mark, rest = source.partition("://")
    if not mark:
        return one_line(source)
    if scheme.lower() != "s3":
        rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    host, slash, path = rest.partition("/")
    host = host.rpartition("@")[2]
    if not _HOST.fullmatch(host):
        return one_line(f"{scheme}://{_HIDDEN}")
    return one_line(f"{scheme}://{host}{slash}{path}")


def existing_file(source: str) -> Path:
    """Return the path of a source on this machine.

    Raises ``SourceNotFoundError`` when there is no file, ``SourceUnreadableError`` when that
    cannot be determined.
    """
    if not source:
        raise SourceNotFoundError("The source is empty; name a file.")
    shown = one_line(source)
    with _reading(shown):
        try:
            path = Path(source).expanduser()
        except RuntimeError:  # ~name of an unknown account
            raise SourceNotFoundError(f"{shown} does not exist.") from None
        if path.is_dir():
            raise SourceNotFoundError(f"{shown} is a folder; name a file in it.")
        if not path.exists():
            raise SourceNotFoundError(f"{shown} does not exist.")
        if not path.is_file():
            raise SourceUnreadableError(f"{shown} is not a regular file; copy it to one first.")
    return path


@contextmanager
def _reading(shown: str) -> Iterator[None]:
    try:
        yield
    except PermissionError:
        raise SourceUnreadableError(f"{shown} may not be read: permission denied.") from None
    except OSError as error:
        raise exhausted(error) or SourceUnreadableError(
            f"{shown} cannot be read: {error.strerror}."
        ) from None


def _linked(path: Path, link: Path) -> Path:
    """Return ``link`` to a file: ``ffmpeg-python`` takes no path that is not UTF-8."""
    link.unlink(missing_ok=True)
    link.symlink_to(path.absolute())
    return link


def _own_name(address: str, video_id: str | None, bucket: str) -> str:
    """Return the file's own name: the key of an upload begins with the video's id."""
    name = PurePosixPath(address).name
    if video_id is not None and address.startswith(f"{bucket}/{UPLOADS}"):
        return name.removeprefix(f"{video_id}_")
    return name


def _from_store(address: str, target: Path, store: ObjectReader) -> Path:
    bucket, _, key = address.partition("/")
    shown = one_line(f"s3://{address}")
    if not bucket or not key:
        raise InputError(f"{shown} is not a valid S3 URL; expected s3://bucket/key.")
    try:
        if not store.download(key, target, bucket=bucket):
            raise SourceNotFoundError(f"{shown} does not exist.")
    except ArtifactUnreadableError as error:  # only of our own bucket
        store.note_unreadable(key)  # the same file, given again, is stored again
        raise SourceUnreadableError(
            f"{shown} is damaged in the store and cannot be read; upload the file again, or index "
            "it from where it first came from."
        ) from error
    return target
