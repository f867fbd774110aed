"""A flow run that waits for the end of a backfill and gives its slot back meanwhile.

Its children need the slots of the same workers: a run that waited in one would keep them out, and
with the last one for ever (docs/decisions/0020).
"""

from __future__ import annotations

import asyncio
import logging
import secrets

from prefect.context import FlowRunContext
from prefect.flow_runs import asuspend_flow_run
from prefect.runtime import flow_run
from sqlalchemy import Engine

from reelworks.store.jobs.backfill_waits import add_wait, is_settled, remove_wait
from reelworks.store.jobs.backfills import get_backfill, open_slots

log = logging.getLogger("video_worker")

LOOK_SECONDS = 5.0
"""Between two looks of a run that keeps its process because nobody's slot depends on it."""


async def until_settled(engine: Engine, backfill_id: str) -> None:
    """Return once nothing of a backfill runs and nothing more will start by itself.

    A run of a deployment is suspended when that is not so yet: Prefect's ``Pause`` ends its
    process here, and the intake resumes the run, which then begins at its start. A run without a
    deployment, in the process of whoever called the flow, waits in that.
    """
    suspendable = _is_suspendable()
    if suspendable:
        await asyncio.to_thread(add_wait, engine, backfill_id, str(flow_run.id))
    while not await asyncio.to_thread(_is_over, engine, backfill_id):
        if suspendable:
            log.info("BACKFILL %s goes on; this run is suspended until it is over", backfill_id)
            # A key of its own: Prefect counts the same one, also of an earlier start, as done.
            await asuspend_flow_run(key=secrets.token_hex(16))
        await asyncio.sleep(LOOK_SECONDS)  # also when Prefect did not let the run be suspended


async def end_wait(engine: Engine) -> None:
    """Forget that this run waits: it has done what it waited for."""
    await asyncio.to_thread(remove_wait, engine, str(flow_run.id))


def _is_suspendable() -> bool:
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    return run is not None and run.deployment_id is not None and run.parent_task_run_id is None


def _is_over(engine: Engine, backfill_id: str) -> bool:
    open_slots(engine)  # closes it once nothing is left
    return is_settled(get_backfill(engine, backfill_id))
