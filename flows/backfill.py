"""Index many videos at once: a folder, an S3 prefix or the library's own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from pydantic import Field

from reelworks.domain.jobs.backfill import IN_FLIGHT, Limits
from reelworks.domain.jobs.job import FORMER_PARAMS
from reelworks.domain.jobs.result import JobResult
from reelworks.domain.library.selection import SelectionKind, VideoSelection
from reelworks.operations.backfill.plan import Planner, no_progress
from reelworks.operations.backfill.start import (
    Request,
    normalized_source,
    require_known_prices,
    start_backfill,
    write_report,
)
from reelworks.operations.parameters import (
    BackfillId,
    Count,
    Dollars,
    InFlight,
    Language,
    Library,
)
from reelworks.pipeline.run_context import RunContext
from reelworks.pipeline.spec import Stage
from reelworks.stages.source.ingest import without_secrets
from reelworks.store.jobs.backfill.backfills import get_backfill
from reelworks.store.jobs.backfill.waits import awaited_backfill
from tasks.runtime.flow_params import FlowParams
from tasks.runtime.jobs.backfill_wait import end_wait, until_settled
from tasks.runtime.jobs.job_lease import JobRef
from tasks.runtime.jobs.job_run import JobRun, run_job
from tasks.runtime.ui_artifacts import show_plan, show_report


class BackfillParams(FlowParams):
    """Which videos, how fast, and for how much."""

    former_names: ClassVar[Mapping[str, str]] = FORMER_PARAMS

    source: str | None = Field(
        None,
        title="Source",
        description="A folder on the worker or s3://bucket/prefix. Empty: the library's videos.",
        examples=["s3://reelworks/incoming/"],
    )
    library: Library | None = Field(
        None,
        title="Library",
        description="Library to search, or to add new videos to. Empty: all, or `default`.",
    )
    only: list[Literal["new", "failed", "older-model"]] = Field(
        default_factory=list,
        title="Only",
        description="Only videos of any of these kinds. Empty: all.",
    )
    missing: list[Stage] = Field(
        default_factory=list,
        title="Missing",
        description="Also videos for which one of these stages has no cached result.",
    )
    language: Language | None = Field(
        None,
        title="Language",
        description="Spoken language as a two-letter code. Empty: detected.",
    )
    limit: Count | None = Field(None, title="Limit", description="Maximum number of videos.")
    recompute: list[Stage] = Field(
        default_factory=list,
        title="Recompute",
        description="Stages to compute even if their results are cached.",
    )
    in_flight: InFlight = Field(IN_FLIGHT, title="In flight", description="Runs at the same time.")
    per_hour: Count | None = Field(
        None, title="Per hour", description="Runs that may start in an hour."
    )
    budget: Dollars | None = Field(
        None,
        title="Budget",
        description="US dollars for hosted models; no run starts once they are spent.",
    )
    calls_per_minute: Count | None = Field(
        None, title="Calls per minute", description="To each provider of hosted models."
    )
    backfill_id: BackfillId | None = Field(
        None,
        title="Backfill id",
        description="Id of a new backfill, or of one to continue. Empty: a generated one.",
    )
    plan: bool = Field(
        False, title="Dry run", description="Show the plan and its cost, and start nothing."
    )
    wait: bool = Field(
        False,
        title="Wait",
        description=(
            "End this run with the report. It is suspended until then and occupies no worker. "
            "Otherwise the report is a run of its own."
        ),
    )
    report: bool = Field(
        False,
        title="Report only",
        description="Only write the report of that backfill.",
    )
    job: JobRef | None = Field(
        None, title="Job", description="The job that this run does. Leave it empty."
    )

    @property
    def selection(self) -> VideoSelection:
        """Which videos."""
        kinds = {SelectionKind(one) for one in self.only} | (
            {SelectionKind.MISSING} if self.missing else set()
        )
        return VideoSelection(
            source=self.source,
            library=self.library,
            only=frozenset(kinds),
            stages=tuple(self.missing),
            language=self.language,
            limit=self.limit,
        )

    @property
    def limits(self) -> Limits:
        """How fast, and for how much."""
        return Limits(self.in_flight, self.per_hour, self.budget, self.calls_per_minute)


def _run_name() -> str:
    params = flow_run.parameters["params"]
    given = params if isinstance(params, dict) else params.model_dump()
    source = given.get("source")
    subject = without_secrets(source) if source else None
    subject = subject or given.get("backfill_id") or given.get("library") or "the library"
    return f"backfill {subject}"


@flow(name="backfill", description=__doc__, flow_run_name=_run_name, persist_result=False)
async def backfill(params: BackfillParams) -> dict[str, Any] | State[Any]:
    """Plan, queue the jobs, and write the report; return the plan or the report.

    The job queue runs the backfill from then on: this run may end or die. A run with the same
    parameters continues the same backfill while it is not over. With ``wait``, the run is
    suspended until it is, and begins at its start again to write the report.
    """
    return await run_job(params.job, partial(_backfill, params))


async def _backfill(params: BackfillParams, run: JobRun) -> dict[str, Any]:
    ctx = run.ctx
    if params.plan:
        return await _plan(params, ctx)
    waits = params.wait and params.job is None  # a job's lease would run out while it waits
    backfill_id = await _started(params, ctx)
    run.outcome.result = JobResult(backfill_id=backfill_id)
    if waits:
        await until_settled(ctx.engine, backfill_id)
    elif not params.report:
        one = await asyncio.to_thread(get_backfill, ctx.engine, backfill_id)
        return {"id": one.id, "videos": one.total, "left": one.left, "plan": one.plan}
    report = await show_report(await asyncio.to_thread(write_report, ctx, backfill_id))
    if waits:
        await end_wait(ctx.engine)
    return report


async def _plan(params: BackfillParams, ctx: RunContext) -> dict[str, Any]:
    selection = normalized_source(params.selection)
    plan = await asyncio.to_thread(Planner(ctx).plan, selection, params.limits, params.recompute)
    require_known_prices(plan, params.limits)
    return await show_plan(plan)


async def _started(params: BackfillParams, ctx: RunContext) -> str:
    if params.report and params.backfill_id is not None:
        return params.backfill_id
    if params.wait:  # resumed, it is about the backfill that it started, which may be over by now
        awaited = await asyncio.to_thread(awaited_backfill, ctx.engine, str(flow_run.id))
        if awaited is not None:
            return awaited
    request = Request(
        params.selection,
        params.limits,
        params.backfill_id,
        tuple(params.recompute),
        "flow backfill",
    )
    started = await asyncio.to_thread(start_backfill, ctx, request, no_progress)
    if started.plan is not None:
        await show_plan(started.plan)
    return started.backfill.id
