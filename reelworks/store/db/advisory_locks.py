"""PostgreSQL advisory locks: named, and freed when the connection that has one ends."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from reelworks.errors import DatabaseUnavailableError
from reelworks.store.db.error_mapping import database_errors, libpq_url

POLL_SECONDS = 0.25


def go_on() -> None:
    """Wait without end."""


@contextmanager
def advisory_lock(
    database_url: str,
    key: str,
    *,
    poll: float = POLL_SECONDS,
    should_stop: Callable[[], None] = go_on,
) -> Iterator[None]:
    """Hold the lock called ``key`` among all users of one database while the body runs.

    A PostgreSQL advisory lock on a connection of its own: PostgreSQL frees it as soon as that
    connection ends, so a process killed by SIGKILL blocks no other. A waiter asks every
    ``poll`` seconds and calls ``should_stop`` each time; what that raises ends the wait.

    When the connection is lost while the body runs, another process may have got the lock. The
    body is not interrupted; ``DatabaseUnavailableError`` is raised after it, so that the caller
    tries again (and finds what the body stored). An error of the body itself goes first.

    The connection must reach PostgreSQL itself: behind a pooler in transaction mode (PgBouncer)
    a session's lock would belong to the next client of that server connection.
    """
    with _connect(database_url) as connection:
        number = lock_number(key)
        while not _try(connection, "pg_try_advisory_lock", number, database_url):
            should_stop()
            time.sleep(poll)
        yield
        _release(connection, number, database_url)


def _connect(database_url: str) -> psycopg.Connection[tuple[object, ...]]:
    """Open a connection for a lock.

    It may be silent for hours; a host that vanished is noticed after a minute.
    """
    with database_errors(database_url):
        connection = psycopg.connect(
            libpq_url(database_url),
            autocommit=True,
            connect_timeout=10,
            application_name="reelworks lock",
            keepalives_idle=30,
            keepalives_interval=10,
            keepalives_count=3,
        )
        try:
            connection.execute(
                "SELECT set_config(name, setting, false) FROM (VALUES"
                " ('idle_session_timeout', '0'), ('tcp_keepalives_idle', '30'),"
                " ('tcp_keepalives_interval', '10'), ('tcp_keepalives_count', '3')"
                ") AS wanted (name, setting)"
            )
        except psycopg.Error:
            connection.close()
            raise
    return connection


def _release(
    connection: psycopg.Connection[tuple[object, ...]], number: int, database_url: str
) -> None:
    try:
        released = _try(connection, "pg_advisory_unlock", number, database_url)
    except DatabaseUnavailableError as error:
        raise DatabaseUnavailableError(
            "PostgreSQL ended the connection that held a lock; the work is tried again."
        ) from error
    if not released:
        raise DatabaseUnavailableError(
            "PostgreSQL released an advisory lock early (is DATABASE_URL a pooler in "
            "transaction mode?)."
        )


def lock_number(key: str) -> int:
    """Return the 64-bit number that PostgreSQL knows the lock ``key`` by."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big", signed=True)


def _try(
    connection: psycopg.Connection[tuple[object, ...]], function: str, number: int, url: str
) -> bool:
    statement = psycopg.sql.SQL("SELECT {}(%s)").format(psycopg.sql.Identifier(function))
    with database_errors(url):
        row = connection.execute(statement, (number,)).fetchone()
    return row is not None and row[0] is True
