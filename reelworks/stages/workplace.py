"""Where a stage works: its connections and a scratch folder of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from sqlalchemy import Engine

from reelworks.errors import NoSpaceError, PermissionDeniedError
from reelworks.settings import Settings
from reelworks.store.artifacts import Artifact, ArtifactStore
from reelworks.store.database import create_database_engine, ensure_schema


@dataclass(frozen=True)
class Workplace:
    """What every stage of one run shares."""

    settings: Settings
    store: ArtifactStore
    engine: Engine
    scratch: Path
    """A folder of this run only; it is removed with the run."""

    def fetch(self, artifact: Artifact) -> Path:
        """Return a local file with the artifact's bytes, downloading it at most once a run."""
        local = self._local(artifact.sha256)
        if not local.exists():
            self.store.fetch(artifact, local)
        return local

    def adopt(self, path: Path, sha256: str) -> None:
        """Let ``fetch`` find ``path``, which was made here, instead of downloading it again."""
        local = self._local(sha256)
        if not local.exists():
            local.symlink_to(path.absolute())

    def room(self, stage: str) -> Path:
        """Return a new empty folder for one attempt of one stage."""
        return Path(mkdtemp(prefix=f"{stage}-", dir=self.scratch))

    def _local(self, sha256: str) -> Path:
        return self.scratch / "by-digest" / sha256


def prepare_services(settings: Settings) -> None:
    """Make sure that the bucket and the tables are there."""
    ArtifactStore.open(settings).ensure_bucket()
    engine = create_database_engine(settings)
    try:
        ensure_schema(engine)
    finally:
        engine.dispose()


@contextmanager
def open_workplace(settings: Settings) -> Iterator[Workplace]:
    """Open the connections and a scratch folder, and put both away at the end.

    Raises ``PermissionDeniedError`` or ``NoSpaceError`` when ``DATA_DIR`` cannot be used.
    """
    root = settings.data_dir / "scratch"
    try:
        root.mkdir(parents=True, exist_ok=True)
        _sweep(root)
        scratch = Path(mkdtemp(prefix=f"{os.getpid()}-", dir=root))
        (scratch / "by-digest").mkdir()
    except PermissionError:
        raise PermissionDeniedError(
            f"The folder {root} cannot be written; change its owner or set DATA_DIR."
        ) from None
    except OSError as error:
        raise NoSpaceError(
            f"The folder {root} cannot be used: {error.strerror}; make room or set DATA_DIR."
        ) from None
    store = ArtifactStore.open(settings)
    engine = create_database_engine(settings)
    try:
        store.ensure_bucket()
        ensure_schema(engine)
        yield Workplace(settings, store, engine, scratch)
    finally:
        engine.dispose()
        shutil.rmtree(scratch, ignore_errors=True)


def _sweep(root: Path) -> None:
    """Remove the scratch folders of runs that were killed."""
    for folder in root.iterdir():
        owner = folder.name.partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists() and Path("/proc").exists():
            shutil.rmtree(folder, ignore_errors=True)
