"""``python -m reelworks.app.dispatcher``: the dispatcher process; SIGTERM and SIGINT end it."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys

from infra.startup import begin, stop_at_once

if __name__ == "__main__":
    begin()

from infra.services.supervision.watchdog_check import start_watchdog_check
from reelworks.app.dispatcher.loop import run_dispatcher
from reelworks.errors import ReelworksError
from reelworks.settings import load_settings
from reelworks.store.db.database import create_database_engine, ensure_schema

STATEMENT_SECONDS = 30.0
"""How long a query may take; a frozen database must not freeze the dispatcher forever."""


async def main() -> None:
    """Run the dispatcher with the settings of the environment."""
    settings = load_settings()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    start_watchdog_check(settings)
    engine = create_database_engine(settings, seconds=STATEMENT_SECONDS)
    try:
        await asyncio.to_thread(ensure_schema, engine)
        await run_dispatcher(settings, engine, stop)
    finally:
        engine.dispose()


if __name__ == "__main__":
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s - dispatcher - %(levelname)s - %(message)s"
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        asyncio.run(main())
    except ReelworksError as error:
        logging.getLogger("dispatcher").error("%s", error)
        sys.exit(error.exit_code)
    finally:
        stop_at_once()  # the loop has put Python's own handlers back
