"""Listing of a folder or an S3 prefix: its media files, and what of it could not be listed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from reelworks.domain.locators import FILE_SCHEME, file_name, locator_of, path_of
from reelworks.domain.printable import one_line
from reelworks.domain.video.media_names import has_media_suffix, is_hidden, is_passed_over
from reelworks.errors import InputError, SourceNotFoundError, SourceUnreadableError
from reelworks.store.objects.artifacts import ArtifactStore


@dataclass(frozen=True, slots=True)
class FileEntry:
    """Directory entry of a media file; its content is not read."""

    locator: str
    """See ``reelworks.domain.locators``."""
    size: int
    stamp: str
    """Fingerprint that changes when the content may have: time of writing, or entity tag."""

    @property
    def is_object(self) -> bool:
        """True for an object of S3, False for a file."""
        return self.locator.startswith("s3://")

    @property
    def stem(self) -> str:
        """The file's own name without its suffix."""
        return PurePosixPath(file_name(self.locator)).stem


@dataclass
class Listing:
    """The media files under a root."""

    files: list[FileEntry] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    """Folders and files that the system does not show, by locator, and why. What lies there is
    neither gone nor new."""
    passed_over: set[str] = field(default_factory=set)
    """Hidden, trash and NAS folders that were met; of S3 those with media in them."""
    hidden_files: int = 0
    """Media files whose name begins with a dot."""

    def hidden(self, locators: Iterable[str]) -> frozenset[str]:
        """Return those of the locators that lie in what the system does not show."""
        if not self.unreadable:
            return frozenset()
        unreadable = set(map(path_of, self.unreadable))
        paths = {locator: path_of(locator) for locator in locators}
        return frozenset(
            locator
            for locator, path in paths.items()
            if not unreadable.isdisjoint((path, *path.parents))
        )


def root_of(source: str) -> str:
    """Return the normalized name of a source: the locator of a folder, or ``s3://bucket/prefix/``.

    Raises ``InputError`` for another kind of address.
    """
    scheme, mark, rest = source.partition("://")
    scheme = scheme.lower() if mark else ""
    if scheme in ("", FILE_SCHEME):
        return locator_of(path_of(source).expanduser())
    if scheme != "s3":
        raise InputError(f"{one_line(source)} is neither a folder nor an s3://bucket/prefix.")
    bucket, _, prefix = rest.partition("/")
    if not bucket:
        raise InputError(f"{one_line(source)} is not an S3 address; use s3://bucket/prefix.")
    prefix = prefix.rstrip("/")
    return f"s3://{bucket}/{prefix}/" if prefix else f"s3://{bucket}/"


def list_files(root: str, store: ArtifactStore) -> Listing:
    """Return the media files under a normalized ``root``, in order.

    Raises ``SourceNotFoundError`` when there is no such folder or bucket,
    ``SourceUnreadableError`` when the root itself may not be read, and store errors.
    """
    if not root.startswith("s3://"):
        return list_folder(path_of(root))
    listing = Listing()
    bucket, _, prefix = root.removeprefix("s3://").partition("/")
    for one in store.objects(prefix, bucket=bucket):
        *folders, name = one.key.removeprefix(prefix).split("/")
        if not has_media_suffix(name):
            continue
        ignored = next((n for n, name in enumerate(folders, 1) if is_passed_over(name)), None)
        if ignored is not None:
            listing.passed_over.add("/".join(folders[:ignored]))
        elif is_hidden(name):
            listing.hidden_files += 1
        else:
            listing.files.append(FileEntry(f"s3://{bucket}/{one.key}", one.size, one.etag))
    return listing


def list_folder(root: Path) -> Listing:
    """Return the media files under a folder, in order; raises what ``list_files`` raises."""
    shown = one_line(str(root))
    try:
        if not root.is_dir():
            raise SourceNotFoundError(f"The folder {shown} does not exist.")
        os.scandir(root).close()
    except OSError as error:
        raise SourceUnreadableError(
            f"The folder {shown} cannot be read: {error.strerror}."
        ) from None
    listing, waiting = Listing(), [root]
    while waiting:
        waiting.extend(_walk(waiting.pop(), listing))
    listing.files.sort(key=lambda one: one.locator)
    return listing


def _walk(folder: Path, listing: Listing) -> list[Path]:
    """Add a folder's media files to ``listing``; return the folders in it that are walked, too."""
    inner: list[Path] = []
    with _noted(folder, listing), os.scandir(folder) as entries:
        for entry in entries:
            path = folder / entry.name
            with _noted(path, listing):
                if entry.is_dir(follow_symlinks=False):
                    if is_passed_over(entry.name):
                        listing.passed_over.add(str(path))
                    else:
                        inner.append(path)
                elif has_media_suffix(entry.name):
                    _add(path, listing)
    return inner


def _add(path: Path, listing: Listing) -> None:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        return
    if is_hidden(path.name):
        listing.hidden_files += 1
        return
    listing.files.append(FileEntry(locator_of(path), found.st_size, str(found.st_mtime_ns)))


@contextmanager
def _noted(path: Path, listing: Listing) -> Iterator[None]:
    """Note a file or folder that the system does not show; one deleted meanwhile is no news."""
    try:
        yield
    except FileNotFoundError:  # or a link to nothing
        pass
    except OSError as error:
        listing.unreadable[locator_of(path)] = str(error.strerror)
