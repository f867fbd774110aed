"""State file of the services under one DATA_DIR: what runs and who uses it, guarded by a lock."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ValidationError

from infra.services.files import OWNER_FILE, make_folder, write_private
from infra.services.process import Process, as_error, is_alive
from reelworks.errors import ServiceError


class Service(StrEnum):
    """A service that Reelworks stands on."""

    POSTGRES = "postgres"
    STORE = "store"
    PREFECT = "prefect"
    RUNNER = "runner"
    """Serves the deployments; it and those below run under ``up`` only."""
    DISPATCHER = "dispatcher"
    """Claims jobs from the job queue and has Prefect run them."""
    API = "api"
    """The HTTP API and the web page."""
    WATCHDOG = "watchdog"
    """Starts again what has died."""

    @classmethod
    def _missing_(cls, value: object) -> Service | None:
        """Read the names in state files of 0.1."""
        former = {"intake": cls.DISPATCHER, "keeper": cls.WATCHDOG}  # old name
        return former.get(value) if isinstance(value, str) else None


class Running(BaseModel):
    """A part that was started: its process, ports and when (seconds since 1970)."""

    process: Process
    ports: tuple[int, ...] = ()
    since: float = 0.0
    auth_digest: str = ""
    """Digest of the auth string that a program of ours was started with.

    Empty for one that 0.1 started, which named this otherwise: the next ``up`` replaces it.
    """
    pinned: bool = False
    """``up`` keeps it running until ``down``, used or not."""


class User(BaseModel):
    """A process that uses parts, or one of several uses inside it."""

    process: Process
    token: str
    parts: tuple[Service, ...]


class State(BaseModel):
    """The content of the state file."""

    parts: dict[Service, Running] = {}
    users: list[User] = []
    ports: dict[Service, tuple[int, ...]] = {}
    """The ports of last time: who knows an address keeps it over a restart."""

    def forget_the_dead(self) -> None:
        """Drop users that ended without a word, and everything pinned once all of it is gone."""
        self.users = [user for user in self.users if is_alive(user.process)]
        if not any(is_alive(running.process) for running in self.parts.values()):
            self.parts = {}

    def alive(self, part: Service) -> Running | None:
        """Return what runs as ``part``, or None when nothing does."""
        running = self.parts.get(part)
        return running if running is not None and is_alive(running.process) else None

    def unused(self) -> list[Service]:
        """Return the parts that no process uses and that are not pinned."""
        used = {part for user in self.users for part in user.parts}
        return [
            part for part, running in self.parts.items() if not running.pinned and part not in used
        ]

    def note(self, part: Service, process: Process, ports: Iterable[int], given: str = "") -> None:
        """Record that a part was started now. A pin outlives a restart."""
        before = self.parts.get(part)
        self.parts[part] = Running(
            process=process,
            ports=tuple(ports),
            since=time.time(),
            auth_digest=given,
            pinned=before is not None and before.pinned,
        )
        self.ports[part] = tuple(ports)


LOCK_SECONDS = 300.0
"""No healthy process has the lock for so long: the longest start takes half of this."""
_POLL_SECONDS = 0.02


@contextmanager
def locked(folder: Path) -> Iterator[State]:
    """Lock the state under this folder for a start or stop; save what changed at the end.

    Raises ``PermissionDeniedError`` or ``NoSpaceError`` when the folder cannot be written, and
    ``ServiceError`` when another process has the lock for ``LOCK_SECONDS``.
    """
    make_folder(folder)
    path = folder / "lock"
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, OWNER_FILE)
    except OSError as error:
        raise as_error(error, f"The lock file {path} cannot be created") from error
    try:
        _take(lock, path)
        state = read_state(folder)
        before = state.model_dump_json()
        state.forget_the_dead()
        try:
            yield state
        finally:
            if state.model_dump_json() != before:  # a look must also work on a full disk
                save_state(folder, state)
    finally:
        os.close(lock)


def _take(lock: int, path: Path) -> None:
    """Take the lock, and say in its file who has it."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise ServiceError(
                    f"{_owner(path)} has held the lock {path} for {LOCK_SECONDS:.0f} s, so "
                    "nothing can be started or stopped. It may be frozen: resume it or "
                    "end it, then try again."
                ) from error
        time.sleep(_POLL_SECONDS)
    os.ftruncate(lock, 0)
    with suppress(OSError):  # on a full disk no process is named; the lock is taken anyway
        os.pwrite(lock, str(os.getpid()).encode(), 0)


def _owner(path: Path) -> str:
    pid = path.read_text()
    return f"The process {pid}" if pid else "Another process of Reelworks"


def read_state(folder: Path) -> State:
    """Return the state as last saved; a missing or foreign file counts as nothing known.

    Raises ``ServiceError`` when it is there and cannot be read.
    """
    path = folder / "services.json"
    try:
        return State.model_validate_json(path.read_text())
    except (FileNotFoundError, ValidationError):
        return State()
    except OSError as error:
        raise as_error(error, f"The state file {path} cannot be read") from error


def save_state(folder: Path, state: State) -> None:
    """Write the state file, whole or not at all."""
    write_private(folder / "services.json", state.model_dump_json(indent=1))
