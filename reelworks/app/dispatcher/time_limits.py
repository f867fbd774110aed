"""Time limits of the dispatcher: for each call to Prefect, and for the last pass at shutdown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from prefect.client.orchestration import PrefectClient, get_client
from prefect.settings import (
    PREFECT_API_REQUEST_TIMEOUT,
    PREFECT_CLIENT_MAX_RETRIES,
    temporary_settings,
)

PREFECT_TIMEOUT_SECONDS = 15.0
"""Timeout of a call to the Prefect server: a frozen server must not freeze the dispatcher."""
SHUTDOWN_SECONDS = 8.0
"""For the pass in progress once a stop is requested; ``reelworks down`` kills after 15."""


@asynccontextmanager
async def short_timeout_client() -> AsyncIterator[PrefectClient]:
    """Yield a Prefect client whose calls fail within ``PREFECT_TIMEOUT_SECONDS``.

    Prefect's client calls a silent server six times, with a minute of pauses; the next pass calls
    it again anyway. The limits are no environment variables: a watchdog that this process restarts
    would pass those on to flow runs, which have to wait for the server.
    """
    brief = {PREFECT_CLIENT_MAX_RETRIES: 0, PREFECT_API_REQUEST_TIMEOUT: PREFECT_TIMEOUT_SECONDS}
    with temporary_settings(brief):
        async with get_client() as client:
            yield client


async def finish_or_cancel(work: Coroutine[Any, Any, int], stop: asyncio.Event) -> int:
    """Await ``work``, but not for longer than ``SHUTDOWN_SECONDS`` once ``stop`` is set.

    Returns its result, or 0 when it was cancelled.
    """
    task, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({task}, timeout=SHUTDOWN_SECONDS)
    finally:
        stopping.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
    return 0 if task.cancelled() else task.result()
