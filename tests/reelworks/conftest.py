"""Fixtures for tests of the package: databases, run contexts and films of their own."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from faster_whisper.audio import decode_audio
from sqlalchemy import Engine, text

from reelworks.models.speech.waveform import write_wav
from reelworks.pipeline.run_context import RunContext, open_run_context
from reelworks.settings import Settings
from reelworks.store.db.database import transaction
from tests.support.databases import Databases, engine_of
from tests.support.made_slides import normalized
from tests.support.shared_folder import one_at_a_time, session_folder


@pytest.fixture(scope="session")
def as_wav(media: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Turn a file of the test media into the wav that the normalize stage would give."""
    folder = tmp_path_factory.mktemp("wav")

    def convert(name: str) -> Path:
        target = folder / f"{Path(name).stem}.wav"
        if not target.exists():
            samples = decode_audio(str(media / name))
            write_wav(target, (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
        return target

    return convert


def database_of(settings: Settings) -> str:
    assert settings.database.url is not None
    return settings.database.url.get_secret_value()


@pytest.fixture(scope="module")
def own_settings(settings: Settings, databases: Databases) -> Iterator[Settings]:
    """Settings that name a database of the module's own, with empty tables."""
    with databases.own() as address:
        yield settings.with_values(database_url=address)


@pytest.fixture(scope="module")
def engine(own_settings: Settings) -> Iterator[Engine]:
    """An engine on that database."""
    with engine_of(own_settings) as engine:
        yield engine


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
    folder = session_folder(tmp_path_factory, "films")

    def make(name: str) -> Normalized:
        source, made = media / "video" / name, folder / f"{name}.made"
        with one_at_a_time(made):
            if not made.exists():
                normalized(source, folder)
                made.touch()
        return folder / f"{source.stem}.norm.mp4", folder / f"{source.stem}.proxy.mp4"

    return make


@pytest.fixture
def items(tmp_path: Path) -> FolderCache:
    """An empty cache of items."""
    folder = tmp_path / "items"
    folder.mkdir()
    return FolderCache(folder)


@pytest.fixture(scope="module")
def own_ctx(
    own_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunContext]:
    """A run context with a database and a bucket of the module's own."""
    own = {"s3_bucket": f"own-{secrets.token_hex(6)}", "data_dir": tmp_path_factory.mktemp("own")}
    with open_run_context(own_settings.with_values(**own)) as ctx:
        yield ctx


@pytest.fixture
def ctx(own_ctx: RunContext) -> RunContext:
    """That run context with an empty library."""
    with transaction(own_ctx.engine) as connection:
        connection.execute(
            text("TRUNCATE videos, jobs, dispatcher_state, backfills, sources CASCADE")
        )
    return own_ctx
