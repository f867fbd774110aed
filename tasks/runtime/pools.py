"""Who works in a pool now: asked of Prefect's server, remembered for some seconds."""

from __future__ import annotations

import time
from http import HTTPStatus

from httpx import HTTPStatusError
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import WorkerStatus

from blocks.error_mapping import prefect_errors

REMEMBERED_SECONDS = 3.0
_seen: dict[str, tuple[float, str | None]] = {}


async def pool_unavailable_reason(pool: str) -> str | None:
    """Say why nobody would take work from ``pool`` now; None when a live worker is there.

    A worker is live while its heartbeats arrive: Prefect calls it offline after three that are
    missing. Raises ``PrefectUnavailableError`` or ``PrefectRefusedError``.
    """
    at, known = _seen.get(pool, (0.0, None))
    if time.monotonic() - at < REMEMBERED_SECONDS and at:
        return known
    found = await _look(pool)
    _seen[pool] = (time.monotonic(), found)
    return found


async def _look(pool: str) -> str | None:
    with prefect_errors():
        async with get_client() as client:
            try:
                workers = await client.read_workers_for_work_pool(pool)
            except HTTPStatusError as error:
                if error.response.status_code != HTTPStatus.NOT_FOUND:
                    raise
                return f"There is no work pool {pool} (make it with reelworks deploy)"
    if any(worker.status == WorkerStatus.ONLINE for worker in workers):
        return None
    return f"No live worker in the pool {pool} (start one with prefect worker start --pool {pool})"
