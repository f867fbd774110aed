"""Private folders: only their owner may read them."""

from __future__ import annotations

import os
from pathlib import Path

OWNER_FOLDER = 0o700
_READABLE_BY_OTHERS = 0o066


def make_private(path: Path) -> None:
    """Make a folder, and every missing one above it, for its owner alone.

    ``Path.mkdir`` with ``parents`` gives its mode to the last folder only. One that is there and
    that others may list or write is closed if it is ours; one that others may only pass was opened
    for PostgreSQL's account on purpose. Folders above that were there already stay as they are:
    they are the user's. Raises ``OSError``.
    """
    missing = []
    above = path
    while not above.exists():
        missing.append(above)
        above = above.parent
    for folder in reversed(missing):
        folder.mkdir(mode=OWNER_FOLDER, exist_ok=True)  # another process may be as quick
    found = path.stat()
    if found.st_mode & _READABLE_BY_OTHERS and found.st_uid == os.geteuid():
        path.chmod(OWNER_FOLDER)
