"""Flow runs that wait for a backfill without a process: the intake wakes them when it is over."""

from __future__ import annotations

import asyncio
import logging
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.exceptions import ObjectNotFound
from sqlalchemy import Engine

from blocks.error_mapping import prefect_errors
from reelworks.store.jobs.backfill_waits import due_waits, note_woken, remove_wait

log = logging.getLogger(__name__)
MOST_WOKEN = 100


async def wake_waiting(client: PrefectClient, engine: Engine) -> int:
    """Resume the suspended flow runs whose backfill is over; return how many.

    A run that is still about to be suspended is left for the next round, and one that was
    cancelled or deleted is forgotten. Raises the errors of the Prefect server.
    """
    woken = 0
    for flow_run_id in await asyncio.to_thread(due_waits, engine, limit=MOST_WOKEN):
        with prefect_errors():
            woken += await _wake(client, engine, flow_run_id)
    return woken


async def _wake(client: PrefectClient, engine: Engine, flow_run_id: str) -> bool:
    try:
        state = (await client.read_flow_run(UUID(flow_run_id))).state
    except ObjectNotFound:
        state = None
    if state is None or state.is_final():
        await asyncio.to_thread(remove_wait, engine, flow_run_id)
        return False
    if state.is_paused():
        # Refused when somebody else has just resumed or cancelled it: the next look tells.
        await client.resume_flow_run(UUID(flow_run_id))
        log.info("The flow run %s goes on: its backfill is over.", flow_run_id)
    elif not state.is_scheduled():  # it has not been suspended yet, or is being cancelled
        return False
    await asyncio.to_thread(note_woken, engine, flow_run_id)
    return True
