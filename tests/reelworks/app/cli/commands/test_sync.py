"""``reelworks sync`` as a user meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reelworks.app.cli.conftest import Reelworks


@pytest.mark.slow
def test_a_sync_that_is_only_planned_changes_nothing(reelworks: Reelworks, films: Path) -> None:
    for _ in range(2):
        said = reelworks("sync", str(films), "--library", "films", "--plan")
        assert said.code == 0
        assert "2 new, 0 changed, 0 moved, 0 gone, 0 unchanged." in said.out
