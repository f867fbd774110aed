"""The run context: a run's settings, its connections and a scratch folder of its own."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp

from sqlalchemy import Engine

from reelworks.domain.artifact_keys import UPLOADS
from reelworks.domain.file_fingerprint import FileStamp, stamp_of, unchanged
from reelworks.domain.private_folder import make_private
from reelworks.errors import (
    ArtifactMissingError,
    NoSpaceError,
    PermissionDeniedError,
    SourceUnreadableError,
    exhausted,
)
from reelworks.models.runtime.pool import pool
from reelworks.models.runtime.pool_state import pool_limits
from reelworks.settings import Settings
from reelworks.store.db.database import create_database_engine, ensure_schema
from reelworks.store.objects.artifacts import Artifact, ArtifactStore

_IF_FREE = fcntl.LOCK_EX | fcntl.LOCK_NB


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file of this machine that has an artifact's bytes as long as its stamp is the same."""

    path: Path
    stamp: FileStamp | None


@dataclass(frozen=True)
class RunContext:
    """What every stage of one run shares."""

    settings: Settings
    store: ArtifactStore
    engine: Engine
    scratch: Path
    """A folder of this run only; it is removed with the run."""
    local_files: dict[str, LocalFile] = field(default_factory=dict)
    """Registered files of this machine, by the SHA-256 that they had."""
    downloads: dict[str, str] = field(default_factory=dict)
    """Store keys of files that were downloaded, by their SHA-256."""

    def fetch(self, artifact: Artifact) -> Path:
        """Return a local file with the artifact's bytes, downloading it at most once a run.

        A registered local file is returned under its own name, so that messages name the file
        that the user knows. If it was written to since, the artifact is downloaded instead.

        An artifact that is damaged in the store is noted to be in doubt, so that the next attempt
        or run of its stage computes it again; ``ArtifactMissingError`` says so. A source cannot be
        computed: ``SourceUnreadableError`` names it.
        """
        local = self.local_files.get(artifact.sha256)
        if local is not None and stamp_of(local.path) == local.stamp is not None:
            return local.path
        target = self.scratch / "by-digest" / artifact.sha256
        self.downloads.setdefault(artifact.sha256, artifact.key)
        if not target.exists():
            self._download(artifact, target)
        return target

    def _download(self, artifact: Artifact, target: Path) -> None:
        try:
            self.store.fetch(artifact, target)
        except ArtifactMissingError as error:
            stored = self.store.head(artifact.key)
            known_as = (stored.sha256, stored.etag) if stored else ()
            if artifact.sha256 in known_as or artifact.etag in known_as:  # else written since
                self.store.doubts.note(artifact)
            if artifact.key.startswith(UPLOADS):
                raise SourceUnreadableError(
                    f"The stored source {artifact.key} is gone or damaged ({error}) "
                    "Upload the file again, or index it from where it first came from."
                ) from error
            raise ArtifactMissingError(
                f"The artifact {artifact.key} is gone or damaged in the store ({error}) "
                "Index the video again to recompute it."
            ) from error

    def readable(self, message: str) -> str:
        """Return a message in which scratch files have the names that users know.

        A download has its source's name, a file of the store its key, and the folder itself is
        called the scratch folder.
        """

        def name(found: re.Match[str]) -> str:
            tail = PurePosixPath(found[0]).name
            if tail in self.downloads:
                return self.downloads[tail]
            return tail if "." in tail else "the scratch folder in DATA_DIR"

        return re.sub(
            re.escape(str(self.scratch)) + r"(?:/[A-Za-z0-9._-]*[A-Za-z0-9_-])*", name, message
        )

    @contextmanager
    def reading(self, artifact: Artifact) -> Iterator[Path]:
        """Give ``fetch(artifact)`` to a reader that may take long.

        Raises ``SourceChangedError`` at the end when the file was written to meanwhile, so that
        no result is cached that was computed from other bytes than the artifact's.
        """
        path = self.fetch(artifact)
        local = self.local_files.get(artifact.sha256)
        with unchanged(path, local.stamp) if local and local.path == path else nullcontext():
            yield path

    def register_local_file(self, path: Path, sha256: str, stamp: FileStamp | None = None) -> None:
        """Let ``fetch`` return ``path``, a file of this machine, instead of downloading it.

        ``stamp`` is the file's from before its digest was read. None: its present one.
        """
        path = path.absolute()
        self.local_files.setdefault(sha256, LocalFile(path, stamp or stamp_of(path)))

    def new_work_dir(self, stage: str) -> Path:
        """Return a new empty folder for one attempt of one stage."""
        with _disk_errors(self.scratch):
            return Path(mkdtemp(prefix=f"{stage}-", dir=self.scratch))


def prepare_services(settings: Settings) -> None:
    """Make the bucket and the tables where they are missing."""
    ArtifactStore.open(settings).ensure_bucket()
    engine = create_database_engine(settings)
    try:
        ensure_schema(engine)
    finally:
        engine.dispose()


@contextmanager
def open_run_context(settings: Settings) -> Iterator[RunContext]:
    """Open the connections and a scratch folder; close and remove them at the end.

    Raises ``PermissionDeniedError`` or ``NoSpaceError`` when ``DATA_DIR`` cannot be used.
    """
    pool.limit(pool_limits(settings))
    store = ArtifactStore.open(settings)
    engine = create_database_engine(settings)
    try:
        with _scratch(settings.data_dir / "scratch") as scratch:
            store.ensure_bucket()
            ensure_schema(engine)
            yield RunContext(settings, store, engine, scratch)
    finally:
        engine.dispose()


@contextmanager
def _scratch(root: Path) -> Iterator[Path]:
    """Make a folder that is removed at the end or, if this process is killed, by the next run.

    A run has a file lock on its folder, which the kernel frees when the run dies. Process ids
    would not do: containers that share DATA_DIR each count their own.
    """
    with _disk_errors(root):
        make_private(root)
        with _lock(root, fcntl.LOCK_EX):
            _sweep(root)
            scratch = Path(mkdtemp(prefix="run-", dir=root))
            handle = os.open(scratch, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
        (scratch / "by-digest").mkdir()
    try:
        yield scratch
    finally:
        _remove(scratch)
        os.close(handle)


def _remove(scratch: Path) -> None:
    """Remove a folder into which a stage that was stopped may still write for a moment.

    It is renamed first, so that no file is added while it is emptied. What remains is removed by
    the next run.
    """
    gone = scratch.with_name(f"{scratch.name}-gone")
    with suppress(FileNotFoundError):  # already removed
        scratch.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _sweep(root: Path) -> None:
    """Remove the scratch folders of runs that were killed."""
    for folder in root.iterdir():
        with suppress(BlockingIOError, FileNotFoundError), _lock(folder, _IF_FREE):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _lock(folder: Path, how: int) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpaceError(
                f"The disk of {folder} is full; make room or set DATA_DIR."
            ) from None
        raise exhausted(error) or PermissionDeniedError(
            f"The folder {folder} cannot be written: {error.strerror}; "
            "set DATA_DIR to a folder that you own."
        ) from None
