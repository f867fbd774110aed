"""Fixtures for tests of stages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from tests.made_slides import normalized

Normalized = tuple[Path, Path]


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


@pytest.fixture(scope="session")
def film(media: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Normalized]:
    """(normalized video, proxy) of a file of ``tests/media/video``, made once a session."""
    folder = tmp_path_factory.mktemp("films")
    return cache(lambda name: normalized(media / "video" / name, folder))


@pytest.fixture
def items(tmp_path: Path) -> FolderCache:
    """An empty cache of items."""
    folder = tmp_path / "items"
    folder.mkdir()
    return FolderCache(folder)
