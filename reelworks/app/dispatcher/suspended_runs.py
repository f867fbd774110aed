"""Flow runs that are suspended until a backfill ends: the dispatcher resumes them."""

from __future__ import annotations

import asyncio
import logging
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.exceptions import ObjectNotFound
from sqlalchemy import Engine

from blocks.error_mapping import prefect_errors
from reelworks.store.jobs.backfill.waits import due_waits, note_woken, remove_wait

log = logging.getLogger(__name__)
BATCH = 100


async def resume_suspended(client: PrefectClient, engine: Engine) -> int:
    """Resume the suspended flow runs whose backfill is over; return how many.

    A run that is still about to be suspended is left for the next pass, and one that was
    cancelled or deleted is forgotten. Raises the errors of the Prefect server.
    """
    resumed = 0
    for flow_run_id in await asyncio.to_thread(due_waits, engine, limit=BATCH):
        with prefect_errors():
            resumed += await _resume(client, engine, flow_run_id)
    return resumed


async def _resume(client: PrefectClient, engine: Engine, flow_run_id: str) -> bool:
    try:
        state = (await client.read_flow_run(UUID(flow_run_id))).state
    except ObjectNotFound:
        state = None
    if state is None or state.is_final():
        await asyncio.to_thread(remove_wait, engine, flow_run_id)
        return False
    if state.is_paused():
        # Refused when it has just been resumed or cancelled: the next pass finds out.
        await client.resume_flow_run(UUID(flow_run_id))
        log.info("The flow run %s was resumed: its backfill is over.", flow_run_id)
    elif not state.is_scheduled():  # it has not been suspended yet, or is being cancelled
        return False
    await asyncio.to_thread(note_woken, engine, flow_run_id)
    return True
