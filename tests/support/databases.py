"""Databases of a test's own on the session's PostgreSQL: copies of one that has the tables."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr
from sqlalchemy import Engine

from reelworks.settings import Settings
from reelworks.store.db.database import create_database_engine, ensure_schema

TEMPLATE = "tables"
_HASTY = ("fsync", "synchronous_commit", "full_page_writes")
"""What makes a database outlive a power cut, which costs most of the time of making one."""


@contextmanager
def engine_of(settings: Settings) -> Iterator[Engine]:
    """Yield an engine on the database that these settings name."""
    engine = create_database_engine(settings)
    try:
        yield engine
    finally:
        engine.dispose()


@dataclass(frozen=True)
class Databases:
    """The session's PostgreSQL server."""

    server: str
    """Address of one of its databases, with the right to make others."""

    @contextmanager
    def own(self, *, tables: bool = True) -> Iterator[SecretStr]:
        """Yield the address of a new database, which is dropped at the end.

        It has the extensions, and the tables of the latest migration unless ``tables`` is False.
        """
        name = Identifier(f"test_{secrets.token_hex(6)}")
        copied = SQL(" TEMPLATE {} STRATEGY file_copy").format(Identifier(TEMPLATE))
        with psycopg.connect(self.server, autocommit=True) as connection:
            create = SQL("CREATE DATABASE {}").format(name)
            connection.execute(create + copied if tables else create)
        try:
            yield self._address(name.as_string(None).strip('"'))
        finally:
            with psycopg.connect(self.server, autocommit=True) as connection:
                connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    def make_template(self, settings: Settings) -> None:
        """Migrate the database that the others are copied from."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(TEMPLATE)))
        engine = create_database_engine(settings.with_values(database_url=self._address(TEMPLATE)))
        ensure_schema(engine)
        engine.dispose()

    def hurry(self) -> None:
        """Let the server not wait for the disk: what it holds is thrown away in minutes."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            for name in _HASTY:
                connection.execute(SQL("ALTER SYSTEM SET {} = off").format(Identifier(name)))
            connection.execute("SELECT pg_reload_conf()")

    def _address(self, name: str) -> SecretStr:
        return SecretStr(f"{self.server.rpartition('/')[0]}/{name}")
