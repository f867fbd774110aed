"""Waiting for a backfill's end: the flow run is suspended and occupies no worker slot.

The backfill's runs need the slots of the same workers: a run that waited in one would delay them,
and in the last one forever (docs/decisions/0020).
"""

from __future__ import annotations

import asyncio
import logging
import secrets

from prefect.context import FlowRunContext
from prefect.flow_runs import asuspend_flow_run
from prefect.runtime import flow_run
from sqlalchemy import Engine

from reelworks.store.jobs.backfill.backfills import get_backfill
from reelworks.store.jobs.backfill.slots import open_slots
from reelworks.store.jobs.backfill.waits import add_wait, is_settled, remove_wait

log = logging.getLogger("video_worker")

POLL_SECONDS = 5.0
"""Of a run that keeps its process, because it occupies no worker slot."""


async def until_settled(engine: Engine, backfill_id: str) -> None:
    """Return once no run of a backfill is active and none will start by itself.

    Until then a run of a deployment is suspended: Prefect's ``Pause`` ends its process, and the
    dispatcher resumes the run, which then begins at its start. A run without a deployment polls
    in the process that called the flow.
    """
    suspendable = _is_suspendable()
    if suspendable:
        await asyncio.to_thread(add_wait, engine, backfill_id, str(flow_run.id))
    while not await asyncio.to_thread(_is_over, engine, backfill_id):
        if suspendable:
            log.info("BACKFILL %s is running; this run is suspended until it is over", backfill_id)
            # A key of its own: Prefect takes one that it knows from an earlier start as done.
            await asuspend_flow_run(key=secrets.token_hex(16))
        await asyncio.sleep(POLL_SECONDS)  # also when Prefect refused to suspend the run


async def end_wait(engine: Engine) -> None:
    """Remove the note that this run waits."""
    await asyncio.to_thread(remove_wait, engine, str(flow_run.id))


def _is_suspendable() -> bool:
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    return run is not None and run.deployment_id is not None and run.parent_task_run_id is None


def _is_over(engine: Engine, backfill_id: str) -> bool:
    open_slots(engine)  # closes it once nothing is left
    return is_settled(get_backfill(engine, backfill_id))
