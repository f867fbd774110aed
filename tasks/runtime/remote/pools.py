"""Live workers of a work pool: read from the Prefect server, cached for some seconds."""

from __future__ import annotations

import time
from http import HTTPStatus

from httpx import HTTPStatusError
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import WorkerStatus

from blocks.error_mapping import prefect_errors

CACHE_SECONDS = 3.0
_reasons: dict[str, tuple[float, str | None]] = {}


async def pool_unavailable_reason(pool: str) -> str | None:
    """Return why no worker would take runs from ``pool`` now; None when a live one is there.

    A worker is live while its heartbeats arrive: Prefect calls it offline after three that are
    missing. Raises ``PrefectUnavailableError`` or ``PrefectRefusedError``.
    """
    at, cached = _reasons.get(pool, (0.0, None))
    if time.monotonic() - at < CACHE_SECONDS and at:
        return cached
    reason = await _look_up(pool)
    _reasons[pool] = (time.monotonic(), reason)
    return reason


async def _look_up(pool: str) -> str | None:
    with prefect_errors():
        async with get_client() as client:
            try:
                workers = await client.read_workers_for_work_pool(pool)
            except HTTPStatusError as error:
                if error.response.status_code != HTTPStatus.NOT_FOUND:
                    raise
                return f"There is no work pool {pool} (create it with reelworks deploy)"
    if any(worker.status == WorkerStatus.ONLINE for worker in workers):
        return None
    return f"No live worker in the pool {pool} (start one with prefect worker start --pool {pool})"
