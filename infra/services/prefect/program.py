"""Prefect's server as a program: `python -m infra.services.prefect.program PORT`.

It serves what `prefect server start` serves, without its command line. Two things make it start
sooner: fewer collections while some three thousand classes are made (a quarter of the processor
time), and loading while PostgreSQL is still starting, for which it waits before it serves.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time

gc.set_threshold(100_000, 50, 50)

import asyncpg  # noqa: E402 - after the collector is tuned
import uvicorn  # noqa: E402
from prefect.server.api.server import create_app  # noqa: E402

from infra.services.prefect.auth import SERVER_AUTH_STRING, SERVER_DATABASE  # noqa: E402
from infra.services.prefect.same_site import SameSiteMiddleware  # noqa: E402

PATIENCE = 90.0
"""Seconds to wait for PostgreSQL and our database in it."""


async def _database_is_up(url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            connection = await asyncpg.connect(url, timeout=10)
        except (OSError, asyncpg.PostgresError) as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"PostgreSQL does not answer: {error}") from error
            await asyncio.sleep(0.05)
        else:
            await connection.close()
            return


def main() -> None:
    """Serve Prefect's API and UI on the loopback address at the port given as only argument.

    Without an auth string it does not start: who can create runs can run programs.
    """
    if not os.environ.get(SERVER_AUTH_STRING):
        raise SystemExit(f"{SERVER_AUTH_STRING} is not set.")
    port = int(sys.argv[1])
    app = create_app(final=True)
    asyncio.run(_database_is_up(os.environ[SERVER_DATABASE].replace("+asyncpg", "")))
    uvicorn.run(
        SameSiteMiddleware(app, port),
        host="127.0.0.1",
        port=port,
        log_level="warning",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=3,  # a browser's open event stream must not hold up the end
    )


if __name__ == "__main__":
    main()
