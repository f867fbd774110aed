"""Errors of PostgreSQL and of its clients become ours, and no message has the password."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from reelworks.errors import (
    DatabaseRefusedError,
    DatabaseUnavailableError,
    NoSpaceError,
    ServiceError,
    SettingsError,
)
from reelworks.store.db.error_mapping import database_errors, libpq_url, sqlalchemy_url

URL = "postgresql://ann:pass%2Fword-7c1f@db.example:6543/films"


def mapped(error: Exception) -> ServiceError:
    with pytest.raises(ServiceError) as raised, database_errors(URL):
        raise error
    assert "7c1f" not in str(raised.value)
    assert "db.example:6543/films" in str(raised.value)
    return raised.value


@pytest.mark.parametrize(
    ("error", "kind", "retryable"),
    [
        (pg.InvalidPassword(), DatabaseRefusedError, False),
        (pg.InvalidCatalogName(), DatabaseRefusedError, False),
        (pg.InsufficientPrivilege(), DatabaseRefusedError, False),
        (pg.FeatureNotSupported(), DatabaseRefusedError, False),
        (pg.UndefinedFile(), DatabaseRefusedError, False),
        (pg.DeadlockDetected(), DatabaseUnavailableError, True),
        (pg.SerializationFailure(), DatabaseUnavailableError, True),
        (pg.TooManyConnections(), DatabaseUnavailableError, True),
        (pg.LockNotAvailable(), DatabaseUnavailableError, True),
        (pg.AdminShutdown(), DatabaseUnavailableError, True),
        (pg.IoError(), DatabaseUnavailableError, True),
        (pg.DiskFull(), NoSpaceError, False),
        (pg.UndefinedTable(), ServiceError, None),
        (pg.ForeignKeyViolation(), ServiceError, None),
        (pg.SyntaxError(), ServiceError, None),
    ],
)
def test_states_of_sql_have_their_class(
    error: psycopg.Error, kind: type[ServiceError], retryable: bool | None
) -> None:
    for raised in (error, DBAPIError("SELECT 1", {}, error)):
        found = mapped(raised)
        assert type(found) is kind
        if retryable is not None:
            assert found.retryable is retryable


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ('connection failed: FATAL:  password authentication failed for user "ann"', "refused"),
        ("connection failed: fe_sendauth: no password supplied", "refused"),
        ('FATAL:  database "films" does not exist', "refused"),
        ('FATAL:  role "ann" does not exist', "refused"),
        ("FATAL:  no pg_hba.conf entry for host", "refused"),
        ("FATAL:  the database system is starting up", "unavailable"),
        ("connection failed: Connection refused", "unavailable"),
        ("connection timeout expired", "unavailable"),
    ],
)
def test_a_connection_that_fails_is_refused_or_an_outage(message: str, kind: str) -> None:
    found = mapped(psycopg.OperationalError(message))
    expected = DatabaseRefusedError if kind == "refused" else DatabaseUnavailableError
    assert type(found) is expected


def test_a_pool_without_a_free_or_a_live_connection_is_an_outage() -> None:
    assert "in use" in str(mapped(PoolTimeoutError("QueuePool limit")))
    assert "does not answer" in str(mapped(InvalidRequestError("This connection is closed")))


def test_other_errors_pass() -> None:
    for error in (InvalidRequestError("a mistake of ours"), ZeroDivisionError()):
        with pytest.raises(type(error)), database_errors(URL):
            raise error


def test_addresses_for_each_client() -> None:
    assert sqlalchemy_url(URL).drivername == "postgresql+psycopg"
    assert libpq_url("postgresql+psycopg://ann:pass%2Fword-7c1f@db.example:6543/films") == URL
    with pytest.raises(SettingsError, match="DATABASE_URL cannot be read"):
        sqlalchemy_url("no address")
