"""A database of its own for each test module, on the session's real server."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from reelworks.settings import Settings
from reelworks.store.database import create_database_engine, ensure_schema


def database_of(settings: Settings) -> str:
    assert settings.database_url is not None
    return settings.database_url.get_secret_value()


@pytest.fixture(scope="module")
def own_settings(settings: Settings, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """Settings that name an empty database of the module's own."""
    name = request.module.__name__.rpartition(".")[2]
    server = database_of(settings)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    yield settings.model_copy(update={"database_url": SecretStr(url)})
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def engine(own_settings: Settings) -> Iterator[Engine]:
    """An engine on that database, tables made."""
    made = create_database_engine(own_settings)
    ensure_schema(made)
    yield made
    made.dispose()
