"""Folders for the owner alone, and those above that are the user's."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from reelworks.domain.private_folder import make_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_missing_folder_is_made_for_the_owner_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    make_private(tmp_path / "a" / "b")
    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == 0o700
    assert mode(tmp_path) == 0o755


@pytest.mark.parametrize(
    ("before", "after"),
    [(0o755, 0o700), (0o722, 0o700), (0o711, 0o711), (0o700, 0o700), (0o500, 0o500)],
)
def test_a_folder_is_closed_that_others_may_list_or_write(
    tmp_path: Path, before: int, after: int
) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    folder.chmod(before)
    make_private(folder)
    assert mode(folder) == after
