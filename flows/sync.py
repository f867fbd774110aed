"""Keep a library in step with its source: what is new, changed, moved or gone."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Cancelled
from pydantic import BaseModel, Field

from blocks.connections import current_settings
from blocks.worker_log import worker_log
from reelworks.domain.ids import LIBRARY_PATTERN
from reelworks.domain.jobs.backfill import IN_FLIGHT, Limits
from reelworks.errors import LeaseLostError
from reelworks.operations.sync import guard_mass_deletion, plan_sync, survey, sync_json, synchronise
from reelworks.pipeline.run_context import RunContext, open_run_context
from reelworks.stages.source.ingest import without_secrets
from tasks.runtime.job_lease import JobRef, job_lease
from tasks.runtime.prefect_outage import restore_prefect_retries
from tasks.runtime.ui_artifacts import show_sync


class SyncParams(BaseModel):
    """Which place belongs to which library, and how fast what is new is indexed."""

    source: str = Field(
        title="Source",
        description="A folder on the worker or s3://bucket/prefix.",
        examples=["s3://reelworks/incoming/"],
    )
    library: str = Field(
        "default",
        title="Library",
        description="Group that the source's videos belong to.",
        pattern=LIBRARY_PATTERN,
    )
    plan: bool = Field(False, title="Plan", description="Say what changed, and change nothing.")
    allow_vanished: bool = Field(
        False,
        title="Allow vanished",
        description="Believe that more than half of the files were deleted.",
    )
    in_flight: int = Field(IN_FLIGHT, title="In flight", description="Runs at once.", ge=1, le=1000)
    per_hour: int | None = Field(
        None, title="Per hour", description="Runs that may start in an hour.", ge=1
    )
    budget: Decimal | None = Field(
        None, title="Budget", description="US dollars for hosted models, each time.", ge=0
    )
    job: JobRef | None = Field(
        None, title="Job", description="The ledger's job that this run does. Leave it empty."
    )


def _run_name() -> str:
    params = flow_run.parameters["params"]
    source = params["source"] if isinstance(params, dict) else params.source
    return f"sync {without_secrets(source)}"


@flow(name="sync", description=__doc__, flow_run_name=_run_name, persist_result=False)
async def sync(params: SyncParams) -> dict[str, Any] | State[Any]:
    """Look at the source, let rows follow, and put jobs for what is new into the ledger."""
    restore_prefect_retries()
    settings = await current_settings()
    with worker_log(settings), open_run_context(settings) as ctx:
        try:
            async with job_lease(params.job, ctx):
                return await _sync(params, ctx)
        except LeaseLostError as lost:
            return Cancelled(message=str(lost))


async def _sync(params: SyncParams, ctx: RunContext) -> dict[str, Any]:
    seen = await asyncio.to_thread(survey, ctx, params.source, params.library)
    plan, backfill_id = plan_sync(seen), None
    if params.plan:
        if not params.allow_vanished:
            guard_mass_deletion(plan, seen.known)
    else:
        limits = Limits(params.in_flight, params.per_hour, params.budget)
        done = await asyncio.to_thread(
            synchronise, ctx, seen, limits, allow_vanished=params.allow_vanished
        )
        plan, backfill_id = done.plan, done.backfill_id
    await show_sync(plan, backfill_id)
    return sync_json(plan, backfill_id)
