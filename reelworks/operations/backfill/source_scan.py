"""Scan of a source: its media files, their digests and durations.

One odd entry never ends a scan: what cannot be read, is still being copied or is no video gets a
note, and the next scan looks again. See docs/decisions/0037.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

from reelworks.domain.digest import sha256_of_file
from reelworks.domain.locators import path_of
from reelworks.domain.printable import one_line
from reelworks.errors import (
    InputError,
    SourceNotFoundError,
    StoreRefusedError,
    StoreUnavailableError,
    exhausted,
)
from reelworks.media.inspect.duration import RangeStream, file_duration, object_duration
from reelworks.media.inspect.magic import looks_like_text
from reelworks.media.inspect.sniff import HEAD_BYTES
from reelworks.media.inspect.truncation import missing_bytes
from reelworks.operations.backfill.scanned_files import Scan, ScannedFile, Skip
from reelworks.operations.backfill.source_listing import FileEntry, Listing, list_files
from reelworks.store.library.source_entries import SeenSource
from reelworks.store.objects.artifacts import ArtifactStore
from reelworks.store.objects.error_mapping import blames_object

READERS = 4
"""Files read in parallel: a disk gains nothing from more, a network a little."""
RECENT_SECONDS = 30.0
"""A file that was written to within this time is looked at twice."""
REST_SECONDS = 1.0
"""How long such a file must stay the same to be taken."""
STALLED_SECONDS = 24 * 3600.0
"""A file that lacks its end is taken as it is once it was not written to for so long."""
SOURCE_CODE_SUFFIXES = frozenset((".ts", ".mts"))
"""Of MPEG transport streams, and of TypeScript."""


def scan_source(
    root: str,
    known: Mapping[str, SeenSource],
    store: ArtifactStore,
    progress: Callable[[int, int], None],
) -> Scan:
    """List and scan a normalized ``root``.

    ``progress`` counts files. Raises what ``list_files`` raises, and store errors that are about no
    single object.
    """
    listing = list_files(root, store)
    scanned = scan_files(listing.files, known, store, progress)
    return Scan(
        listing,
        tuple(one for one in scanned if one.skip is None),
        tuple(one for one in scanned if one.skip is not None),
    )


def without_source_code(listing: Listing) -> Scan:
    """Return a listing's files, unread, and those that are source code."""
    files = [ScannedFile(one, None, None) for one in listing.files]
    code = {one.listed.locator for one in files if _is_code(one.listed)}
    return Scan(
        listing,
        tuple(one for one in files if one.listed.locator not in code),
        tuple(replace(one, skip=Skip.TEXT) for one in files if one.listed.locator in code),
    )


def _is_code(listed: FileEntry) -> bool:
    if not _may_be_code(listed):
        return False
    try:
        with path_of(listed.locator).open("rb") as stream:
            return looks_like_text(stream.read(HEAD_BYTES))
    except OSError:  # who reads the whole file reports it
        return False


def scan_files(
    listed: list[FileEntry],
    known: Mapping[str, SeenSource],
    store: ArtifactStore,
    progress: Callable[[int, int], None],
) -> list[ScannedFile]:
    """Read each file's digest and duration, unless its size and stamp are those ``known``.

    A file that was written to a moment ago is looked at once more at the end.
    """
    began, rest_from, found = time.time(), time.monotonic() + REST_SECONDS, []
    with ThreadPoolExecutor(READERS, thread_name_prefix="scan") as readers:
        scan = partial(_scanned, known=known, store=store)
        for number, one in enumerate(readers.map(scan, listed), 1):
            found.append(one)
            progress(number, len(listed))
    recent = [number for number, one in enumerate(found) if _is_recent(one, began)]
    if recent:
        time.sleep(max(0.0, rest_from - time.monotonic()))
    for number in recent:
        found[number] = _unless_moving(found[number])
    return found


def _is_recent(one: ScannedFile, now: float) -> bool:
    if one.listed.is_object or one.skip is not None:
        return False
    return now - int(one.listed.stamp) / 1e9 < RECENT_SECONDS


def _unless_moving(one: ScannedFile) -> ScannedFile:
    """Return the file, or a skipped one when it is another by now."""
    listed = one.listed
    try:
        found = path_of(listed.locator).stat()
    except OSError as error:
        return _unreadable(listed, str(error.strerror))
    if (found.st_size, str(found.st_mtime_ns)) == (listed.size, listed.stamp):
        return one
    return _unfinished(listed, "is still being written")


def _scanned(
    listed: FileEntry, known: Mapping[str, SeenSource], store: ArtifactStore
) -> ScannedFile:
    seen = known.get(listed.locator)
    same = seen is not None and (seen.size, seen.stamp) == (listed.size, listed.stamp)
    known_as = seen if same else None
    if listed.is_object:
        if known_as is not None and known_as.seconds is not None:
            return ScannedFile(listed, known_as.sha256, known_as.seconds)
        return _of_object(listed, store)
    if known_as is not None and known_as.seconds is not None and known_as.sha256:
        return ScannedFile(listed, known_as.sha256, known_as.seconds)
    try:
        return _of_file(listed, known_as.sha256 if known_as else None)
    except OSError as error:
        if full := exhausted(error):
            raise full from error
        return _unreadable(listed, str(error.strerror))


def _of_file(listed: FileEntry, digest: str | None) -> ScannedFile:
    path = path_of(listed.locator)
    if _is_code(listed):
        return ScannedFile(listed, None, None, skip=Skip.TEXT)
    missing = missing_bytes(path)
    if missing and time.time() - int(listed.stamp) / 1e9 < STALLED_SECONDS:
        return _unfinished(listed, f"lacks its last {missing:,} bytes")
    digest = digest or sha256_of_file(path)
    try:
        return ScannedFile(listed, digest, file_duration(path))
    except SourceNotFoundError as error:  # deleted meanwhile
        return _skipped(listed, Skip.UNREADABLE, one_line(str(error)))
    except InputError as error:
        return ScannedFile(listed, digest, None, one_line(str(error)))


def _of_object(listed: FileEntry, store: ArtifactStore) -> ScannedFile:
    bucket, _, key = listed.locator.removeprefix("s3://").partition("/")
    stream = RangeStream(partial(store.read_range, key, bucket=bucket), listed.size)
    digest = None
    try:
        head = store.head(key) if bucket == store.bucket else None
        digest = head.sha256 if head and head.sha256 else None
        if _may_be_code(listed) and looks_like_text(stream.read(HEAD_BYTES)):
            return ScannedFile(listed, None, None, skip=Skip.TEXT)
        stream.seek(0)
        return ScannedFile(listed, digest, object_duration(stream, one_line(listed.locator)))
    except (SourceNotFoundError, StoreRefusedError) as error:
        return _skipped(listed, Skip.UNREADABLE, one_line(str(error)))
    except StoreUnavailableError as error:
        if not blames_object(error):
            raise
        return _skipped(listed, Skip.UNREADABLE, one_line(str(error)))
    except InputError as error:
        return ScannedFile(listed, digest, None, str(error))


def _may_be_code(listed: FileEntry) -> bool:
    return PurePosixPath(listed.locator).suffix.lower() in SOURCE_CODE_SUFFIXES


def _unreadable(listed: FileEntry, reason: str) -> ScannedFile:
    note = f"{one_line(listed.locator)} cannot be read: {reason}."
    return _skipped(listed, Skip.UNREADABLE, note)


def _unfinished(listed: FileEntry, reason: str) -> ScannedFile:
    note = f"{one_line(listed.locator)} {reason}; the next scan looks at it again."
    return _skipped(listed, Skip.UNFINISHED, note)


def _skipped(listed: FileEntry, skip: Skip, note: str) -> ScannedFile:
    return ScannedFile(listed, None, None, note, skip)
