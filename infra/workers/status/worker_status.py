"""Status of warm workers: one JSON file each under ``DATA_DIR/workers``."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from pydantic import BaseModel, ValidationError

from infra.services.files import make_folder, write_private
from infra.services.process import Process, is_alive
from infra.workers.child.messages import ModelPoolStatus

FRESH_SECONDS = 120.0
"""A worker writes its file every 30 s at least; one silent for this long is gone."""
KEEP_SECONDS = 24 * 3600.0
"""The files of workers that were killed are removed after a day."""


class ChildStatus(BaseModel):
    """One interpreter of a worker."""

    gpu: str | None
    pid: int
    run: str | None
    """Name of the flow run that it is running."""
    runs: int
    memory: int
    """Resident bytes, as last reported."""
    revision: str
    models: ModelPoolStatus


class WorkerStatus(BaseModel):
    """One worker and its children."""

    name: str
    pool: str
    host: str
    process: Process
    release: str
    revision: str
    started: float
    """Seconds since 1970."""
    updated: float
    runs: int = 0
    crashes: int = 0
    """Children that ended before their run did."""
    replaced: int = 0
    """Children that were replaced: worn, grown, or made of other code."""
    children: list[ChildStatus] = []

    def is_fresh(self, now: float) -> bool:
        """Tell whether the worker seems alive from this host."""
        if self.host == socket.gethostname() and not is_alive(self.process):
            return False
        return now - self.updated < FRESH_SECONDS


def folder_of(data_dir: Path) -> Path:
    """Return the folder of the workers' files."""
    return data_dir / "workers"


def own_file(data_dir: Path) -> Path:
    """Return the file of this process. Containers count their processes each from 1."""
    return folder_of(data_dir) / f"{socket.gethostname()}-{os.getpid()}.json"


def write_status(path: Path, facts: WorkerStatus) -> None:
    """Write a worker's file. Raises ``PermissionDeniedError`` or ``NoSpaceError``."""
    make_folder(path.parent)
    write_private(path, facts.model_dump_json(indent=1))


def read_statuses(data_dir: Path) -> list[WorkerStatus]:
    """Return the workers that are alive, by name; a file that cannot be read is left out."""
    now = time.time()
    found = (_read(path) for path in folder_of(data_dir).glob("*.json"))
    return sorted((one for one in found if one and one.is_fresh(now)), key=lambda one: one.name)


def remove_old(data_dir: Path) -> None:
    """Remove the files of workers that were killed long ago."""
    for path in folder_of(data_dir).glob("*.json"):
        facts = _read(path)
        if facts is None or time.time() - facts.updated > KEEP_SECONDS:
            path.unlink(missing_ok=True)


def _read(path: Path) -> WorkerStatus | None:
    try:
        return WorkerStatus.model_validate_json(path.read_text("utf-8"))
    except (OSError, ValidationError):
        return None
