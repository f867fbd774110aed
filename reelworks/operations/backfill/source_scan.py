"""Scan of a folder or an S3 prefix: its media files, their digests and durations."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from reelworks.domain.digest import sha256_of_file
from reelworks.domain.printable import one_line
from reelworks.domain.video.media_names import looks_like_media
from reelworks.errors import InputError, SourceNotFoundError, SourceUnreadableError, exhausted
from reelworks.media.inspect.duration import RangeStream, file_duration, object_duration
from reelworks.store.library.source_entries import SeenSource
from reelworks.store.objects.artifacts import ArtifactStore

READERS = 4
"""Files read in parallel: a disk gains nothing from more, a network a little."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """Directory entry of a media file; its content is not read."""

    locator: str
    """An absolute path, or ``s3://bucket/key``."""
    size: int
    stamp: str
    """Fingerprint that changes when the content may have: time of writing, or entity tag."""

    @property
    def stem(self) -> str:
        """The file's own name without its suffix."""
        return PurePosixPath(self.locator).stem


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A media file with its digest and duration."""

    listed: FileEntry
    sha256: str | None
    """None for an object that was not read yet, and for a file that cannot be read."""
    seconds: float | None
    note: str | None = None
    """Warning, for example why it cannot be read."""


def root_of(source: str) -> str:
    """Return the normalized name of a source: an absolute path, or ``s3://bucket/prefix/``.

    Raises ``InputError`` for another kind of address.
    """
    scheme, mark, rest = source.partition("://")
    if mark and scheme.lower() != "s3":
        raise InputError(f"{one_line(source)} is neither a folder nor an s3://bucket/prefix.")
    if mark:
        bucket, _, prefix = rest.partition("/")
        if not bucket:
            raise InputError(f"{one_line(source)} is not an S3 address; use s3://bucket/prefix.")
        prefix = prefix.rstrip("/")
        return f"s3://{bucket}/{prefix}/" if prefix else f"s3://{bucket}/"
    return str(Path(source).expanduser().absolute())


def list_files(root: str, store: ArtifactStore) -> list[FileEntry]:
    """Return the media files under a normalized ``root``, in order.

    Raises ``SourceNotFoundError`` when there is no such folder or bucket,
    ``SourceUnreadableError`` when a folder may not be read, and store errors.
    """
    if not root.startswith("s3://"):
        return sorted(_of_folder(Path(root)), key=lambda one: one.locator)
    bucket, _, prefix = root.removeprefix("s3://").partition("/")
    return [
        FileEntry(f"s3://{bucket}/{one.key}", one.size, one.etag)
        for one in store.objects(prefix, bucket=bucket)
        if looks_like_media(one.key)
    ]


def _of_folder(root: Path) -> Iterator[FileEntry]:
    if not root.is_dir():
        raise SourceNotFoundError(f"The folder {one_line(str(root))} does not exist.")

    def fail(error: OSError) -> None:
        shown = one_line(str(error.filename))
        raise SourceUnreadableError(f"The folder {shown} cannot be read: {error.strerror}.")

    for folder, _, names in os.walk(root, onerror=fail):
        for name in filter(looks_like_media, names):
            path = Path(folder) / name
            try:
                found = path.stat()
            except FileNotFoundError:  # deleted meanwhile, or a link to nothing
                continue
            if path.is_file():
                yield FileEntry(str(path), found.st_size, str(found.st_mtime_ns))


def scan_files(
    listed: list[FileEntry],
    known: Mapping[str, SeenSource],
    store: ArtifactStore,
    progress: Callable[[int, int], None],
) -> list[ScannedFile]:
    """Read each file's digest and duration, unless its size and stamp are those ``known``.

    ``progress`` counts files. Raises store errors; a file that cannot be read has a note.
    """
    found = []
    with ThreadPoolExecutor(READERS, thread_name_prefix="scan") as readers:
        scan = partial(_scanned, known=known, store=store)
        for number, one in enumerate(readers.map(scan, listed), 1):
            found.append(one)
            progress(number, len(listed))
    return found


def _scanned(
    listed: FileEntry, known: Mapping[str, SeenSource], store: ArtifactStore
) -> ScannedFile:
    seen = known.get(listed.locator)
    same = seen is not None and (seen.size, seen.stamp) == (listed.size, listed.stamp)
    known_as = seen if same else None
    if listed.locator.startswith("s3://"):
        if known_as is not None and known_as.seconds is not None:
            return ScannedFile(listed, known_as.sha256, known_as.seconds)
        return _of_object(listed, store)
    if known_as is not None and known_as.seconds is not None and known_as.sha256:
        return ScannedFile(listed, known_as.sha256, known_as.seconds)
    try:
        return _read(listed, known_as.sha256 if known_as else None)
    except InputError as error:
        return ScannedFile(listed, None, None, str(error))


def _read(listed: FileEntry, digest: str | None) -> ScannedFile:
    path = Path(listed.locator)
    try:
        digest = digest or sha256_of_file(path)
    except OSError as error:
        raise exhausted(error) or SourceUnreadableError(
            f"{one_line(listed.locator)} cannot be read: {error.strerror}."
        ) from None
    try:
        return ScannedFile(listed, digest, file_duration(path))
    except InputError as error:
        return ScannedFile(listed, digest, None, str(error))


def _of_object(listed: FileEntry, store: ArtifactStore) -> ScannedFile:
    bucket, _, key = listed.locator.removeprefix("s3://").partition("/")
    head = store.head(key) if bucket == store.bucket else None
    digest = head.sha256 if head and head.sha256 else None
    stream = RangeStream(partial(store.read_range, key, bucket=bucket), listed.size)
    try:
        return ScannedFile(listed, digest, object_duration(stream, one_line(listed.locator)))
    except InputError as error:
        return ScannedFile(listed, digest, None, str(error))


def as_seen(scanned: ScannedFile, root: str, video_id: str | None) -> SeenSource:
    """Return the row that remembers a file."""
    listed = scanned.listed
    return SeenSource(
        locator=listed.locator,
        root=root,
        size=listed.size,
        stamp=listed.stamp,
        sha256=scanned.sha256,
        seconds=scanned.seconds,
        video_id=video_id,
    )


def is_changed(scanned: ScannedFile, before: SeenSource) -> bool:
    """True when a file's content differs from when it was seen ``before``.

    Another size or stamp is only a reason to look; the digests decide, where there are two.
    """
    listed = scanned.listed
    if (listed.size, listed.stamp) == (before.size, before.stamp):
        return False
    return None in (scanned.sha256, before.sha256) or scanned.sha256 != before.sha256
