"""Environment of a command: running services and their variables, and the library's database."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Engine

from infra.services.supervision.state import Service
from infra.services.supervision.supervisor import SERVICES, running
from reelworks.settings import Settings, load_settings


@contextmanager
def use_environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables inside the block; after it they are as they were before.

    For what reads them by itself: Prefect when it is imported, HTTP clients for proxies, and every
    process that is started inside.
    """
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def use_services(settings: Settings, parts: Iterable[Service] = SERVICES) -> Iterator[Settings]:
    """Have services running inside the block; yield the settings that point at them.

    Their variables are in the environment, too. Raises ``ServiceError``, ``NoSpaceError`` or
    ``PermissionDeniedError``.
    """
    with running(settings, parts) as endpoints, use_environment(endpoints.environment()):
        yield endpoints.settings(settings)


@contextmanager
def open_database(settings: Settings) -> Iterator[Engine]:
    """Open the database that the settings name, with its schema up to date."""
    from reelworks.store.db.database import create_database_engine, ensure_schema

    engine = create_database_engine(settings)
    try:
        ensure_schema(engine)
        yield engine
    finally:
        engine.dispose()


@contextmanager
def library_engine() -> Iterator[Engine]:
    """Open the library's database, starting it if it is embedded and not up."""
    with (
        use_services(load_settings(), (Service.POSTGRES,)) as settings,
        open_database(settings) as engine,
    ):
        yield engine
