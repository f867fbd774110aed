"""Output folder of a stage: created, checked for writing, and cleaned up after a failure."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from reelworks.errors import NoSpaceError, PermissionDeniedError, ServiceError, exhausted


@contextmanager
def output_folder(folder: Path, products: Sequence[Path]) -> Iterator[None]:
    """Make ``folder``; remove half-written ``products`` when the block fails.

    Raises ``PermissionDeniedError`` when the folder cannot be written and ``NoSpaceError`` when
    the disk is full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for product in products:
            product.touch()
    except OSError as error:
        raise write_error(folder, folder, error) from error
    finished = False
    try:
        yield
        finished = True
    finally:
        if not finished:
            for product in products:
                product.unlink(missing_ok=True)


def write_error(path: Path, folder: Path, error: OSError) -> ServiceError:
    """Return our error for a ``path`` in ``folder`` that could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpaceError(f"The disk under {folder} is full; make room.")
    return exhausted(error) or PermissionDeniedError(
        f"{path} cannot be written: {error.strerror}; check its permissions."
    )
