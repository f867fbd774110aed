"""A new Prefect server of a test's own, in a database of its own on the session's PostgreSQL.

It lets everyone in, as an external server may.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

from infra.services.endpoints import Endpoints
from infra.services.files import free_ports
from infra.services.prefect.server import answers, api_url

ROOT = Path(__file__).parents[2]
PATIENCE = 180.0
APP = "prefect.server.api.server:create_app"
"""Prefect's own: ours does not start without an auth string."""


@dataclass(frozen=True)
class OwnServer:
    """Where it is."""

    address: str
    database: str
    base: str
    """Address of another database of the same PostgreSQL."""
    pid: int

    def rename_database(self, to: str) -> None:
        """Take the database away from under the server, and its connections with it."""
        with psycopg.connect(self.base, autocommit=True) as connection:
            closed = SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false")
            connection.execute(closed.format(Identifier(self.database)))
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [self.database],
            )
            name = SQL("ALTER DATABASE {} RENAME TO {}")
            connection.execute(name.format(Identifier(self.database), Identifier(to)))


@contextmanager
def own_server(
    services: Endpoints, home: Path, settings: Mapping[str, str] | None = None
) -> Iterator[OwnServer]:
    """Start a server with these settings of Prefect's, and stop it again."""
    assert services.database_url is not None
    base = services.database_url.get_secret_value()
    name = f"prefect_{secrets.token_hex(4)}"
    with psycopg.connect(base, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    url = f"{base.rpartition('/')[0]}/{name}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    (port,) = free_ports(1)
    process = _started(port, home, url, settings or {})
    try:
        deadline = time.monotonic() + PATIENCE
        while not answers(port):
            assert process.poll() is None, (home / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield OwnServer(api_url(port), name, base, process.pid)
    finally:
        process.terminate()
        process.wait(30)
        with psycopg.connect(base, autocommit=True) as connection:
            for one in (name, f"{name}_gone"):
                drop = SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
                connection.execute(drop.format(Identifier(one)))


def _started(
    port: int, home: Path, url: str, settings: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    mine = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    with (home / "log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "--factory", APP, f"--port={port}"],
            env=mine
            | {
                "PREFECT_HOME": str(home),
                "PREFECT_API_DATABASE_CONNECTION_URL": url.replace(
                    "postgresql://", "postgresql+asyncpg://", 1
                ),
                "PREFECT_SERVER_UI_ENABLED": "false",
                "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
                "PYTHONPATH": os.pathsep.join(paths),
                **settings,
            },
            cwd=home,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
