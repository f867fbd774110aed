"""The database engine, transactions, and the schema's migrations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from psycopg.errors import UndefinedTable
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, inspect, text
from sqlalchemy.exc import ProgrammingError

from reelworks.errors import DatabaseRefusedError, SettingsError
from reelworks.settings import Settings
from reelworks.store.db.advisory_locks import advisory_lock
from reelworks.store.db.deadlines import bound
from reelworks.store.db.error_mapping import database_errors, sqlalchemy_url
from reelworks.store.db.schema import REVISION, Base

MIGRATIONS = Path(__file__).parent / "migrations"
CONNECT_SECONDS = 3
"""How long connecting may take for those who must not hang."""
_PATIENT_CONNECT_SECONDS = 10
PGVECTOR_AT_LEAST = (0, 8)
"""Filtered vector search needs iterative index scans, which pgvector 0.8.0 brought."""


def create_database_engine(settings: Settings, *, seconds: float | None = None) -> Engine:
    """Return an engine for ``DATABASE_URL``; nothing is connected yet.

    With ``seconds``, no statement may take longer, and connecting takes a few seconds at most:
    for callers that must not hang when the server does. Statements are never prepared on the
    server: the planner must see each query's values to use a partial vector index, and poolers stay
    possible.

    Raises ``SettingsError`` when the address is missing or cannot be read.
    """
    if settings.database.url is None:
        raise SettingsError("DATABASE_URL is not set and no embedded PostgreSQL was started.")
    engine = create_engine(
        sqlalchemy_url(settings.database.url.get_secret_value()),
        pool_size=5,
        max_overflow=10,
        pool_timeout=30 if seconds is None else seconds,
        pool_pre_ping=seconds is None,
        pool_recycle=1800,
        hide_parameters=True,
        connect_args=_connect_arguments(
            _PATIENT_CONNECT_SECONDS if seconds is None else CONNECT_SECONDS
        ),
    )
    if seconds is not None:
        bound(engine, seconds)
    return engine


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Run the body in one transaction; the errors that ``database_errors`` knows become ours."""
    with database_errors(engine.url), engine.begin() as connection:
        yield connection


def ensure_schema(engine: Engine) -> None:
    """Bring the tables up to date, and back when they were dropped.

    One query when all is well. Otherwise one process migrates while others wait, for as long as it
    takes: the deadline of ``engine`` is one of requests. Raises
    ``DatabaseRefusedError`` when an extension is missing, or the database is newer than this code.
    """
    if _is_current(engine):
        return
    url = engine.url.render_as_string(hide_password=False)
    with advisory_lock(url, "reelworks schema", poll=0.1):
        if not _is_current(engine):
            with _patient(engine.url) as patient:
                _migrate(patient)


@contextmanager
def _patient(url: URL) -> Iterator[Engine]:
    """Have an engine for one piece of work whose statements may take hours."""
    engine = create_engine(
        url,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args=_connect_arguments(_PATIENT_CONNECT_SECONDS),
    )
    try:
        yield engine
    finally:
        engine.dispose()


def _connect_arguments(seconds: int) -> dict[str, Any]:
    return {
        "connect_timeout": seconds,
        "application_name": "reelworks",
        "keepalives_idle": 30,
        "prepare_threshold": None,
    }


def _is_current(engine: Engine) -> bool:
    query = text(
        "SELECT version_num, (SELECT count(*) FROM unnest(CAST(:tables AS text[])) AS name"
        " WHERE to_regclass(quote_ident(name)) IS NOT NULL) FROM alembic_version"
    )
    tables = list(Base.metadata.tables)
    with database_errors(engine.url), engine.connect() as connection:
        try:
            found = connection.execute(query, {"tables": tables}).all()
        except ProgrammingError as error:
            if isinstance(error.orig, UndefinedTable):  # no alembic_version: a new database
                return False
            raise
    return [tuple(row) for row in found] == [(REVISION, len(tables))]


def _migrate(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with transaction(engine) as connection:
        _ensure_extensions(connection)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise DatabaseRefusedError(
                "The tables in PostgreSQL were made by a newer Reelworks; upgrade Reelworks."
            ) from error
        _restore(connection)


def _restore(connection: Connection) -> None:
    """Make tables that were dropped although their migration ran.

    ``DROP … CASCADE`` takes the foreign keys of other tables along, and their rows would belong
    to nothing: such a table is made again as well.
    """
    lost = {name for name in Base.metadata.tables if not inspect(connection).has_table(name)}
    for table in Base.metadata.sorted_tables:
        parents = {key.column.table.name for key in table.foreign_keys} - {table.name}
        if table.name not in lost and parents & lost:
            connection.execute(text(f"DROP TABLE IF EXISTS {table.name} CASCADE"))
            lost.add(table.name)
    Base.metadata.create_all(connection)


def _ensure_extensions(connection: Connection) -> None:
    for name in ("vector", "pg_trgm", "unaccent"):
        connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS {name}"))
    version = connection.scalar(
        text("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    )
    if tuple(int(part) for part in str(version).split(".")[:2]) < PGVECTOR_AT_LEAST:
        raise DatabaseRefusedError(
            f"The PostgreSQL extension vector is {version}; Reelworks needs 0.8 or later: "
            "install it and run ALTER EXTENSION vector UPDATE."
        )
