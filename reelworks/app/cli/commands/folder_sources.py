"""Folders among the sources of ``index``: each stands for its media files."""

from __future__ import annotations

from pathlib import Path

from reelworks.app.cli import output
from reelworks.domain.locators import locator_of
from reelworks.domain.printable import one_line
from reelworks.errors import InputError, SourceUnreadableError


def expand(source: str) -> list[str]:
    """Return the media files of a folder in order, or ``source`` itself.

    What is passed over or cannot be read is noted, as in a sync. Raises ``InputError`` for a folder
    without any.
    """
    if not source or "://" in source:
        return [source]
    try:
        path = Path(source).expanduser()
        if not path.is_dir():
            return [source if one_line(source) == source else locator_of(path)]
        from reelworks.operations.backfill.scan_notes import scan_notes
        from reelworks.operations.backfill.source_listing import list_folder
        from reelworks.operations.backfill.source_scan import without_source_code

        scan = without_source_code(list_folder(path))
    except (OSError, RuntimeError, SourceUnreadableError):  # the run of this source reports it
        return [source]
    for line in scan_notes(scan):
        output.note(line)
    if not scan.files:
        raise InputError(f"The folder {one_line(source)} contains no video or audio files.")
    return [one.listed.locator for one in scan.files]
