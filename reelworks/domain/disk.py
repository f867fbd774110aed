"""Free disk space."""

from __future__ import annotations

import shutil
from pathlib import Path

FULL_BYTES = 64 << 20
"""Free bytes below which nothing of ours can be expected to end well."""
STORE_SHARE = 0.01
"""The part of its disk that the embedded store leaves free (weed's ``minFreeSpace``)."""


def is_full(folder: Path, share: float = 0.0, *, freed: int = 0) -> bool:
    """Tell whether the disk under ``folder`` has less than 64 MiB free, or less than ``share``.

    ``share`` is a part of the whole disk from 0 to 1; ``freed`` bytes count as free already. A
    folder that is not there yet lies where it would be made.
    """
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    disk = shutil.disk_usage(existing)
    return disk.free + freed < max(FULL_BYTES, share * disk.total)
