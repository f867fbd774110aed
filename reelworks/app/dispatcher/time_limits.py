"""How long the rounds wait: for a Prefect server that is silent, and for themselves at the end."""

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

PREFECT_SECONDS = 15.0
"""How long a call to the Prefect server may take: a frozen server must not freeze the rounds."""
LAST_SECONDS = 8.0
"""What is left of a round once it is told to stop; ``reelworks down`` kills after 15."""


@asynccontextmanager
async def impatient_client() -> AsyncIterator[PrefectClient]:
    """Give a client whose calls fail within ``PREFECT_SECONDS``, as do all others beside it.

    Prefect's client asks a silent server six times, with a minute of pauses; the next round asks
    again anyway. Set here and not in the environment, which a keeper that this process starts
    again would hand on to flow runs, and those shall wait.
    """
    brief = {PREFECT_CLIENT_MAX_RETRIES: 0, PREFECT_API_REQUEST_TIMEOUT: PREFECT_SECONDS}
    with temporary_settings(brief):
        async with get_client() as client:
            yield client


async def finish_soon(work: Coroutine[Any, Any, int], stop: asyncio.Event) -> int:
    """Do ``work``, and not for longer than ``LAST_SECONDS`` once ``stop`` is set.

    Returns what it returns, or 0 when it was cut short.
    """
    going, told = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({going, told}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({going}, timeout=LAST_SECONDS)
    finally:
        told.cancel()
        if not going.done():
            going.cancel()
            await asyncio.wait({going})
    return 0 if going.cancelled() else going.result()
