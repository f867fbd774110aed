"""Notes of a scan: what of a source was not taken, and why. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from reelworks.domain.locators import path_of
from reelworks.domain.printable import one_line
from reelworks.operations.backfill.scanned_files import Scan, Skip

MOST_NOTES = 20
"""Of one kind; more are counted."""
_MOST_NAMES = 5


def scan_notes(scan: Scan) -> tuple[str, ...]:
    """Return what a reader should know of a scan, one line each."""
    folders = (
        f"{one_line(str(path_of(locator)))} cannot be read: {reason}. What the library has of it "
        "stays as it is."
        for locator, reason in scan.listing.unreadable.items()
    )
    skipped = (one.note for one in scan.skipped if one.note)
    damaged = (one.note for one in scan.files if one.note)
    notes = [line for kind in (folders, skipped, damaged) for line in _limited(kind)]
    if passed_over := _passed_over(scan):
        notes.append(passed_over)
    return tuple(notes)


def _passed_over(scan: Scan) -> str | None:
    met, hidden = scan.listing.passed_over, scan.listing.hidden_files
    code = sum(one.skip is Skip.TEXT for one in scan.skipped)
    parts = []
    if met:
        names = sorted({one_line(PurePosixPath(folder).name) for folder in met})
        shown = ", ".join(names[:_MOST_NAMES]) + ", ..." * (len(names) > _MOST_NAMES)
        kind = "hidden, trash or NAS folder"
        parts.append(f"{_count(len(met), kind, kind + 's')} ({shown})")
    if hidden:
        parts.append(_count(hidden, "hidden file", "hidden files"))
    if code:
        parts.append(_count(code, "text file", "text files") + " named like a video (.ts)")
    return f"Passed over: {'; '.join(parts)}." if parts else None


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _limited(lines: Iterable[str]) -> list[str]:
    found = list(lines)
    left_out = len(found) - MOST_NOTES
    return found if left_out <= 0 else [*found[:MOST_NOTES], f"And {left_out} more like these."]
