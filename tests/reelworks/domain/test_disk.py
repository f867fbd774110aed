"""A disk is full below 64 MiB, or below a share of it; what is about to go counts as free."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reelworks.domain.disk import FULL_BYTES, is_full

SIZE = 100 * FULL_BYTES


@pytest.mark.parametrize(
    ("free", "share", "freed", "full"),
    [
        (FULL_BYTES, 0.0, 0, False),
        (FULL_BYTES - 1, 0.0, 0, True),
        (FULL_BYTES - 1, 0.0, 1, False),
        (FULL_BYTES, 0.02, 0, True),
        (2 * FULL_BYTES, 0.02, 0, False),
    ],
)
def test_when_a_disk_is_full(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    free: int,
    share: float,
    freed: int,
    full: bool,
) -> None:
    usage = type(shutil.disk_usage(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(SIZE, SIZE - free, free))
    assert is_full(tmp_path, share, freed=freed) is full


def test_a_folder_that_is_not_there_yet_lies_on_the_disk_of_the_one_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = []
    usage = shutil.disk_usage(tmp_path)

    def measure(path: Path) -> object:
        measured.append(path)
        return usage

    monkeypatch.setattr(shutil, "disk_usage", measure)
    is_full(tmp_path / "made" / "later")
    assert measured == [tmp_path]
