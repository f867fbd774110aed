"""Files of a scan: what is known of each, and why one is skipped."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto

from reelworks.operations.backfill.source_listing import FileEntry, Listing
from reelworks.store.library.source_entries import SeenSource


class Skip(Enum):
    """Why a scan takes no notice of a file, beyond that it is there."""

    UNREADABLE = auto()
    UNFINISHED = auto()
    """It is still being written."""
    TEXT = auto()
    """Source code that is named like a video."""


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A media file with its digest and duration."""

    listed: FileEntry
    sha256: str | None
    """None for an object whose digest the store does not know, and for a skipped file."""
    seconds: float | None
    note: str | None = None
    """Warning, for example that its content is damaged."""
    skip: Skip | None = None

    @property
    def content(self) -> str | None:
        """What files of the same content share: the digest, or an object's tag and size."""
        listed = self.listed
        return self.sha256 or (f"{listed.stamp}:{listed.size}" if listed.is_object else None)


@dataclass(frozen=True, slots=True)
class Scan:
    """What a source holds."""

    listing: Listing
    files: tuple[ScannedFile, ...]
    """Those that may be taken."""
    skipped: tuple[ScannedFile, ...] = ()

    def may_have(self, locators: Collection[str]) -> frozenset[str]:
        """Return those that are skipped, or lie where the system shows nothing."""
        skipped = {one.listed.locator for one in self.skipped}
        hidden = self.listing.hidden(locators)
        return hidden | skipped.intersection(locators)


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
