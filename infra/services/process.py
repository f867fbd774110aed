"""Server processes: start one apart from the terminal, recognise it later, end it by its id."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated

import psutil
from pydantic import AliasChoices, Field

from infra.services.files import OWNER_FILE, rotate_log
from reelworks.errors import NoSpaceError, OutOfResourcesError, ServiceError, exhausted

LEAST_FILES = 256
"""Files that a server may have to open; with 64 PostgreSQL says so and SeaweedFS falls over."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process id that is not mistaken for a later process with the same id."""

    pid: int
    start_id: Annotated[str, Field(validation_alias=AliasChoices("start_id", "born"))]
    """Boot and clock tick at which the kernel started it. State files of 0.1 call it ``born``."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, as which user, and where its output goes."""

    arguments: Sequence[str]
    log: Path
    environment: Mapping[str, str | None] = field(default_factory=dict)
    """Laid over this process's own environment; None removes a variable."""
    folder: Path | None = None
    user: int | None = None
    """Account to run as; only root may say."""
    group: int | None = None
    umask: int = -1
    """Which rights its files and sockets lack, for example 0o077; -1: as in this process."""


@cache
def _boot() -> str:
    boot_id = Path("/proc/sys/kernel/random/boot_id")
    return boot_id.read_text().strip()[:8] if boot_id.exists() else "boot"


def start_id_of(pid: int) -> str | None:
    """Return the start id of the process ``pid``, or None when it is dead or a zombie.

    Raises ``OutOfResourcesError`` where this process may open no file to look: that must not be
    taken for a death.
    """
    stat = Path(f"/proc/{pid}/stat")
    try:
        if not Path("/proc/self/stat").exists():  # no Linux: the clock must do
            process = psutil.Process(pid)
            dead = process.status() == psutil.STATUS_ZOMBIE
            return None if dead else f"{process.create_time():.2f}"
        # The name in brackets may itself hold brackets and spaces.
        fields = stat.read_text(errors="replace").rpartition(")")[2].split()
    except (OSError, psutil.Error) as error:
        if want := exhausted(error):
            raise want from error
        return None
    # A zombie whose other threads still run holds its files and ports: it is not dead yet.
    dead = fields[0] in "ZX" and int(fields[17]) <= 1
    return None if dead else f"{_boot()}-{fields[19]}"


def current() -> Process:
    """Return this process."""
    return Process(os.getpid(), start_id_of(os.getpid()) or "")


def is_alive(process: Process) -> bool:
    """Tell whether it is still this very process that runs."""
    return start_id_of(process.pid) == process.start_id


def start(command: Command) -> Process:
    """Start a server in a session of its own, so that Ctrl-C in the terminal does not reach it.

    Raises ``OutOfResourcesError`` when it could open too few files, ``ServiceError`` when the
    program cannot be run and ``NoSpaceError`` when its log cannot
    be opened on a full disk.
    """
    name = Path(command.arguments[0]).name
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if most != resource.RLIM_INFINITY and most < LEAST_FILES:
        raise OutOfResourcesError(
            f"{name} cannot be started: it may open only {most} files, and a server "
            f"needs {LEAST_FILES}. Raise the limit (ulimit -n) and try again."
        )
    try:
        rotate_log(command.log)
        log = os.open(command.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, OWNER_FILE)
    except OSError as error:
        raise as_error(error, f"The log file {command.log} cannot be written") from error
    try:
        child = subprocess.Popen(
            list(command.arguments),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(command),
            cwd=command.folder,
            user=command.user,
            group=command.group,
            umask=command.umask,
            extra_groups=None if command.user is None else [],
            start_new_session=True,
        )
    except OSError as error:
        raise as_error(error, f"The program {name} cannot be started") from error
    finally:
        os.close(log)
    # The server may outlive us, so Popen must not warn about a missing wait: `stop` collects it.
    child.returncode = 0
    return Process(child.pid, start_id_of(child.pid) or "")


def _environment(command: Command) -> dict[str, str]:
    laid_over = {**os.environ, **command.environment}
    return {name: value for name, value in laid_over.items() if value is not None}


def as_error(error: OSError, what: str) -> ServiceError:
    """Return the Reelworks error for an error of the operating system."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpaceError(f"{what}: the disk is full; make room and try again.")
    return exhausted(error) or ServiceError(f"{what}: {error.strerror or error}.")


def stop(process: Process, *, patience: float = 15.0, gently: int = signal.SIGTERM) -> bool:
    """End one process: send ``gently``, wait ``patience`` seconds, then kill.

    Returns whether it ended without SIGKILL. Nothing happens when it is gone already, or when its
    id now belongs to another process.
    """
    if not _send(process, gently):
        return True
    if wait_gone(process, patience):
        return True
    _send(process, signal.SIGKILL)
    wait_gone(process, 5.0)
    return False


def children_of(process: Process) -> list[Process]:
    """Return the living processes that a process started, and theirs."""
    try:
        found = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    marked = [(one.pid, start_id_of(one.pid)) for one in found]
    return [Process(pid, mark) for pid, mark in marked if mark is not None]


def stop_all(processes: Sequence[Process], *, patience: float = 10.0) -> None:
    """End several processes at once: SIGTERM to all, then kill who is left after ``patience``."""
    signalled = [process for process in processes if _send(process, signal.SIGTERM)]
    deadline = time.monotonic() + patience
    for process in signalled:
        if not wait_gone(process, max(0.0, deadline - time.monotonic())):
            _send(process, signal.SIGKILL)
            wait_gone(process, 5.0)


def kill(process: Process) -> None:
    """Kill a process that is frozen or stuck."""
    _send(process, signal.SIGKILL)
    wait_gone(process, 5.0)


def wait_gone(process: Process, patience: float) -> bool:
    """Wait up to ``patience`` seconds for the end of a process and tell whether it came."""
    deadline = time.monotonic() + patience
    while is_alive(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    _reap(process.pid)
    return True


def _send(process: Process, number: int) -> bool:
    """Signal the process if it is still the same one, and tell whether that was so."""
    if not is_alive(process):
        _reap(process.pid)
        return False
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        return False
    return True


def _reap(pid: int) -> None:
    """Collect the exit status of a child of ours, so that no zombie stays."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:  # another process's child
        return


def orphaned_processes(word: str, folder: Path) -> list[Process]:
    """Return the processes with ``word`` in their command line that work in ``folder``.

    They are servers of ours that no state file knows: started by a command that was killed before
    it could write that down. Lowest id (the parent of the others) first.
    """
    found = []
    for one in psutil.process_iter(["cwd", "cmdline"]):
        mark = start_id_of(one.pid)
        works_there = one.info["cwd"] == str(folder.resolve())
        if works_there and mark and any(word in part for part in one.info["cmdline"] or ()):
            found.append(Process(one.pid, mark))
    return sorted(found, key=lambda process: process.pid)
