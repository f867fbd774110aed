"""Keep a library in step with its source: what is new, changed, moved or gone."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from pydantic import Field

from reelworks.domain.jobs.backfill import IN_FLIGHT, Limits
from reelworks.operations.parameters import Count, Dollars, InFlight, Library
from reelworks.operations.sync import guard_mass_deletion, plan_sync, survey, sync_json, synchronise
from reelworks.stages.source.ingest import without_secrets
from tasks.runtime.flow_params import FlowParams
from tasks.runtime.jobs.job_lease import JobRef
from tasks.runtime.jobs.job_run import JobRun, run_job
from tasks.runtime.ui_artifacts import show_sync


class SyncParams(FlowParams):
    """Which source belongs to which library, and how fast what is new is indexed."""

    source: str = Field(
        title="Source",
        description="A folder on the worker or s3://bucket/prefix.",
        examples=["s3://reelworks/incoming/"],
    )
    library: Library = Field(
        "default",
        title="Library",
        description="Library that the source's videos belong to.",
    )
    plan: bool = Field(False, title="Dry run", description="Show what changed, and change nothing.")
    allow_vanished: bool = Field(
        False,
        title="Allow mass deletion",
        description="Proceed even if more than half of the files are missing.",
    )
    in_flight: InFlight = Field(IN_FLIGHT, title="In flight", description="Runs at the same time.")
    per_hour: Count | None = Field(
        None, title="Per hour", description="Runs that may start in an hour."
    )
    budget: Dollars | None = Field(
        None, title="Budget", description="US dollars for hosted models, for each sync."
    )
    job: JobRef | None = Field(
        None, title="Job", description="The job that this run does. Leave it empty."
    )


def _run_name() -> str:
    params = flow_run.parameters["params"]
    source = params["source"] if isinstance(params, dict) else params.source
    return f"sync {without_secrets(source)}"


@flow(name="sync", description=__doc__, flow_run_name=_run_name, persist_result=False)
async def sync(params: SyncParams) -> dict[str, Any] | State[Any]:
    """Scan the source, update the library's rows, and queue jobs for what is new."""
    return await run_job(params.job, partial(_sync, params))


async def _sync(params: SyncParams, run: JobRun) -> dict[str, Any]:
    found = await asyncio.to_thread(survey, run.ctx, params.source, params.library)
    plan, backfill_id = plan_sync(found), None
    if params.plan:
        if not params.allow_vanished:
            guard_mass_deletion(plan, found.known)
    else:
        limits = Limits(params.in_flight, params.per_hour, params.budget)
        done = await asyncio.to_thread(
            synchronise, run.ctx, found, limits, allow_vanished=params.allow_vanished
        )
        plan, backfill_id = done.plan, done.backfill_id
    await show_sync(plan, backfill_id)
    return sync_json(plan, backfill_id)
