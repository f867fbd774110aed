"""How alembic reaches the tables: on the caller's connection, or by ``DATABASE_URL``."""

from __future__ import annotations

from alembic import context

from reelworks.settings import load_settings
from reelworks.store.db.database import create_database_engine, transaction
from reelworks.store.db.schema import Base


def run() -> None:
    """Run the migrations of the alembic command."""
    given = context.config.attributes.get("connection")
    if given is not None:
        context.configure(connection=given, target_metadata=Base.metadata)
        with context.begin_transaction():
            context.run_migrations()
        return
    with transaction(create_database_engine(load_settings())) as connection:
        context.configure(connection=connection, target_metadata=Base.metadata)
        with context.begin_transaction():
            context.run_migrations()


run()
