"""Rooms keep their shape: no file above 250 lines, no folder above fifteen files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = (
    *("reelworks/domain", "reelworks/errors", "reelworks/settings", "reelworks/media"),
    *("reelworks/models", "reelworks/providers", "reelworks/store", "reelworks/stages"),
    *("reelworks/pipeline", "reelworks/operations", "reelworks/app", "tasks", "flows"),
    *("infra", "blocks", "bench"),
)
MOST_LINES = 250
MOST_FILES = 15


@pytest.mark.parametrize("room", ROOMS)
def test_files_are_short_and_folders_have_few(room: str) -> None:
    modules = sorted((ROOT / room).rglob("*.py"))
    assert modules
    long = {
        str(path.relative_to(ROOT)): lines
        for path in modules
        if (lines := len(path.read_text().splitlines())) > MOST_LINES
    }
    files = Counter(
        str(path.parent.relative_to(ROOT)) for path in modules if path.name != "__init__.py"
    )
    assert long == {}
    assert {folder: number for folder, number in files.items() if number > MOST_FILES} == {}
