"""Fixtures for tests of the domain package: databases, workplaces and films of their own."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import psycopg
import pytest
from faster_whisper.audio import decode_audio
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from reelworks.models.speech.waveform import write_wav
from reelworks.pipeline.run_context import RunContext, open_run_context
from reelworks.settings import Settings
from reelworks.store.db.database import create_database_engine, ensure_schema, transaction
from tests.support.made_slides import normalized


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
    assert settings.database_url is not None
    return settings.database_url.get_secret_value()


@pytest.fixture(scope="module")
def own_settings(settings: Settings, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """Settings that name an empty database of the module's own."""
    name = request.module.__name__.rpartition(".")[2]
    server = database_of(settings)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    yield settings.model_copy(update={"database_url": SecretStr(url)})
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def engine(own_settings: Settings) -> Iterator[Engine]:
    """An engine on that database, tables made."""
    made = create_database_engine(own_settings)
    ensure_schema(made)
    yield made
    made.dispose()


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


@pytest.fixture(scope="module")
def own_ctx(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunContext]:
    """A workplace with a database and a bucket of the module's own."""
    assert settings.database_url is not None
    server, name = settings.database_url.get_secret_value(), f"own-{secrets.token_hex(6)}"
    mine = {
        "database_url": SecretStr(f"{server.rpartition('/')[0]}/{name}"),
        "s3_bucket": name,
        "data_dir": tmp_path_factory.mktemp("own"),
    }
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        with open_run_context(settings.model_copy(update=mine)) as ctx:
            yield ctx
        connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture
def ctx(own_ctx: RunContext) -> RunContext:
    """That workplace with an empty library."""
    with transaction(own_ctx.engine) as connection:
        connection.execute(
            text("TRUNCATE videos, jobs, dispatcher_state, backfills, sources CASCADE")
        )
    return own_ctx
