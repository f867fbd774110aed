"""Error mapping: errors of PostgreSQL, psycopg and SQLAlchemy as ours."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidRequestError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from reelworks.errors import (
    DatabaseRefusedError,
    DatabaseUnavailableError,
    NoSpaceError,
    ServiceError,
    SettingsError,
    exhausted,
)

_REFUSED = ("28", "3D", "42501", "3F")
"""SQLSTATE prefixes: bad login, no such database, no right, no such schema."""
_MISSING_EXTENSION = ("0A000", "58P01")
"""SQLSTATEs of an extension that is not installed on the server."""
_PASSING = ("08", "40", "53200", "53300", "53400", "55P03", "57", "58030")
"""SQLSTATE prefixes: connection, deadlock, resources, lock timeout, shutdown, I/O."""
_LOGIN_WORDS = ("password", "authentication failed", "no pg_hba.conf entry", "role ", 'database "')
"""libpq gives no SQLSTATE when connecting fails; these words tell a refusal from an outage."""

_NO_LIVE_CONNECTION = "This connection is closed"
"""What SQLAlchemy's pool says when one new connection after the other did not answer in time; it
has no class of its own for that."""


def sqlalchemy_url(database_url: str) -> URL:
    """Return the address for SQLAlchemy. Raises ``SettingsError`` when it cannot be read."""
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError):
        raise SettingsError(
            "DATABASE_URL cannot be read: use postgresql://user:password@host:5432/database."
        ) from None
    return url.set(drivername="postgresql+psycopg")


def libpq_url(database_url: str) -> str:
    """Return the address for psycopg."""
    url = sqlalchemy_url(database_url).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


@contextmanager
def database_errors(database_url: str | URL) -> Iterator[None]:
    """Turn the errors of SQLAlchemy and psycopg into ours; no message holds a password.

    Raises ``DatabaseUnavailableError`` (retryable) for outages, deadlocks and shutdowns,
    ``DatabaseRefusedError`` for a bad login, database or extension, ``NoSpaceError`` for a full
    disk, and ``ServiceError`` for what should not happen, a missing table for example.
    """
    try:
        yield
    except PoolTimeoutError as error:
        raise DatabaseUnavailableError(
            f"All connections to PostgreSQL at {_where(database_url)} are in use; try again."
        ) from error
    except InvalidRequestError as error:
        if str(error) != _NO_LIVE_CONNECTION:
            raise
        raise DatabaseUnavailableError(
            f"PostgreSQL at {_where(database_url)} accepts connections but does not answer; "
            "try again."
        ) from error
    except DBAPIError as error:
        if not isinstance(error.orig, psycopg.Error):
            raise
        raise _ours(error.orig, database_url) from error.orig
    except psycopg.Error as error:
        raise _ours(error, database_url) from error


def _where(database_url: str | URL) -> str:
    url = sqlalchemy_url(database_url) if isinstance(database_url, str) else database_url
    host = url.host or url.query.get("host") or "the local socket"
    return f"{host}:{url.port or 5432}/{url.database or ''}"


def _ours(error: psycopg.Error, database_url: str | URL) -> ServiceError:
    where = _where(database_url)
    state = error.sqlstate or ""
    detail = (error.diag.message_primary or "").strip()
    if state.startswith(_REFUSED):
        return DatabaseRefusedError(f"PostgreSQL at {where} refuses: {detail}; check DATABASE_URL.")
    if state in _MISSING_EXTENSION:
        return DatabaseRefusedError(
            f"PostgreSQL at {where} lacks a feature: {detail}; install pgvector and pg_trgm there."
        )
    if state.startswith(_PASSING):
        return DatabaseUnavailableError(f"PostgreSQL at {where} ended the work: {detail}.")
    if isinstance(error, psycopg.OperationalError) and not state:
        return _unconnected(str(error), where)
    return _unexpected(error, f"{state}: {detail}", where)


def _unexpected(error: psycopg.Error, detail: str, where: str) -> ServiceError:
    if isinstance(error, pg.DiskFull):
        return NoSpaceError(f"The disk of PostgreSQL at {where} is full; make room and try again.")
    if isinstance(error, pg.UndefinedTable):
        return ServiceError(f"PostgreSQL at {where} lacks a table ({detail}); run it again.")
    if isinstance(error, pg.ForeignKeyViolation):
        return ServiceError(
            f"Rows at {where} changed while others that need them were written ({detail}); "
            "run it again."
        )
    return ServiceError(f"PostgreSQL at {where} rejected a statement ({detail}).")


def _no_file_left() -> ServiceError | None:
    """Try what libpq cannot have done: it has no words for a socket that it did not get."""
    try:
        socket.socket().close()
    except OSError as error:
        return exhausted(error)
    return None


def _unconnected(text: str, where: str) -> ServiceError:
    """Tell why no connection came about; ``text`` holds no password (libpq never prints it)."""
    known = _no_file_left() if "no error details" in text else exhausted(OSError(text))
    if known is not None:
        return known
    fatal = [line.partition("FATAL:")[2].strip() for line in text.splitlines() if "FATAL:" in line]
    reason = fatal[0] if fatal else ""
    if any(word in reason for word in _LOGIN_WORDS) or "no password supplied" in text:
        return DatabaseRefusedError(
            f"PostgreSQL at {where} refuses the login "
            f"({reason or 'no password supplied'}); check DATABASE_URL."
        )
    return DatabaseUnavailableError(
        f"PostgreSQL at {where} cannot be reached{f' ({reason})' if reason else ''}; "
        "check that it runs, or DATABASE_URL."
    )
