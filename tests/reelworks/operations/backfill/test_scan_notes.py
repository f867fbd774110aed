"""Notes of a scan: one line for each odd entry, one for all that was passed over."""

from __future__ import annotations

from reelworks.operations.backfill.scan_notes import MOST_NOTES, scan_notes
from reelworks.operations.backfill.scanned_files import Scan, ScannedFile, Skip
from reelworks.operations.backfill.source_listing import FileEntry, Listing


def skipped(number: int, skip: Skip, note: str | None = None) -> tuple[ScannedFile, ...]:
    entry = FileEntry("/f/a.ts", 1, "1")
    return tuple(ScannedFile(entry, None, None, note, skip) for _ in range(number))


def test_a_scan_without_trouble_says_nothing() -> None:
    assert scan_notes(Scan(Listing(), ())) == ()


def test_all_that_is_passed_over_is_one_note() -> None:
    folders = {"/f/.Trash-1000", "/f/a/@eaDir", "/f/b/@eaDir"}
    listing = Listing(passed_over=folders, hidden_files=1)
    (note,) = scan_notes(Scan(listing, (), skipped(200, Skip.TEXT)))
    assert note == (
        "Passed over: 3 hidden, trash or NAS folders (.Trash-1000, @eaDir); 1 hidden file; "
        "200 text files named like a video (.ts)."
    )


def test_an_odd_folder_is_named_in_print() -> None:
    listing = Listing(unreadable={"file:///f/caf%E9": "Permission denied"})
    (note,) = scan_notes(Scan(listing, ()))
    assert note.startswith("/f/caf\ufffd cannot be read: Permission denied.")


def test_a_thousand_notes_of_a_kind_are_counted() -> None:
    notes = scan_notes(Scan(Listing(), (), skipped(1000, Skip.UNREADABLE, "It cannot be read.")))
    assert len(notes) == MOST_NOTES + 1
    assert notes[-1] == "And 980 more like these."
