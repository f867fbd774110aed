"""Fixtures for tests of stages."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest


@dataclass
class FolderCache:
    """An ItemCache in a folder: what the artifact store is to a deployed worker."""

    folder: Path
    lock: threading.Lock = field(default_factory=threading.Lock)
    hits: int = 0

    def get(self, key: str) -> bytes | None:
        path = self.folder / key
        if not path.exists():
            return None
        with self.lock:
            self.hits += 1
        return path.read_bytes()

    def put(self, key: str, value: bytes) -> None:
        assert len(key) == 64
        (self.folder / key).write_bytes(value)

    def __len__(self) -> int:
        return len(list(self.folder.iterdir()))


@pytest.fixture
def items(tmp_path: Path) -> FolderCache:
    """An empty cache of items."""
    folder = tmp_path / "items"
    folder.mkdir()
    return FolderCache(folder)
