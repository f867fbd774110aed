"""Index many videos at once: a folder, an S3 prefix or the library's own."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Cancelled
from pydantic import BaseModel, Field

from blocks.connections import current_settings
from blocks.worker_log import worker_log
from reelworks.domain.jobs.backfill import IN_FLIGHT, Limits, Selection, SelectionKind
from reelworks.domain.jobs.stage import Stage
from reelworks.errors import LeaseLostError
from reelworks.operations.backfill.plan import Planner, no_progress
from reelworks.operations.backfill.start import (
    Request,
    normalized_source,
    require_known_prices,
    start_backfill,
    write_report,
)
from reelworks.pipeline.run_context import RunContext, open_run_context
from reelworks.stages.source.ingest import without_secrets
from reelworks.store.jobs.backfill_waits import awaited_backfill
from reelworks.store.jobs.backfills import get_backfill
from tasks.runtime.backfill_wait import end_wait, until_settled
from tasks.runtime.job_lease import JobOutcome, JobRef, job_lease
from tasks.runtime.prefect_outage import restore_prefect_retries
from tasks.runtime.ui_artifacts import show_plan, show_report


class BackfillParams(BaseModel):
    """Which videos, how fast, and for how much."""

    source: str | None = Field(
        None,
        title="Source",
        description="A folder on the worker or s3://bucket/prefix. Empty: the library's own.",
        examples=["s3://reelworks/incoming/"],
    )
    library: str | None = Field(
        None,
        title="Library",
        description="Group to look through, or that new videos go to. Empty: all, or `default`.",
        pattern="^[a-z0-9_-]{1,63}$",
    )
    only: list[Literal["new", "failed", "older-model"]] = Field(
        default_factory=list,
        title="Only",
        description="Which of them, any of the kinds chosen. Empty: all.",
    )
    missing: list[Stage] = Field(
        default_factory=list,
        title="Missing",
        description="Also those for which one of these stages has no answer.",
    )
    language: str | None = Field(
        None,
        title="Language",
        description="Spoken language as a two-letter code. Empty: detected.",
        pattern="^[a-z]{2,3}$",
    )
    limit: int | None = Field(None, title="Limit", description="The most videos.", ge=1)
    recompute: list[Stage] = Field(
        default_factory=list,
        title="Again",
        description="Stages to run although their answers are kept.",
    )
    in_flight: int = Field(IN_FLIGHT, title="In flight", description="Runs at once.", ge=1, le=1000)
    per_hour: int | None = Field(
        None, title="Per hour", description="Runs that may start in an hour.", ge=1
    )
    budget: Decimal | None = Field(
        None,
        title="Budget",
        description="US dollars for hosted models; nothing new starts once it is used up.",
        ge=0,
    )
    calls_per_minute: int | None = Field(
        None, title="Calls a minute", description="To each provider of hosted models.", ge=1
    )
    backfill_id: str | None = Field(
        None,
        title="Id",
        description="Name of a new backfill, or of the one to go on with. Empty: made here.",
        pattern="^[a-z0-9][a-z0-9-]{0,39}$",
    )
    plan: bool = Field(
        False, title="Plan", description="Say what it would do and cost, and start nothing."
    )
    wait: bool = Field(
        False,
        title="Wait",
        description=(
            "End this run with the report. It is suspended until then, so that it keeps no worker "
            "busy. Otherwise the report is a run of its own."
        ),
    )
    report: bool = Field(
        False, title="Report", description="Only write the report of the backfill with this id."
    )
    job: JobRef | None = Field(
        None, title="Job", description="The ledger's job that this run does. Leave it empty."
    )

    @property
    def selection(self) -> Selection:
        """Which videos."""
        kinds = {SelectionKind(one) for one in self.only} | (
            {SelectionKind.MISSING} if self.missing else set()
        )
        return Selection(
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
    told = params if isinstance(params, dict) else params.model_dump()
    source = told.get("source")
    what = without_secrets(source) if source else None
    what = what or told.get("backfill_id") or told.get("library") or "the library"
    return f"backfill {what}"


@flow(name="backfill", description=__doc__, flow_run_name=_run_name, persist_result=False)
async def backfill(params: BackfillParams) -> dict[str, Any] | State[Any]:
    """Plan, put the jobs into the ledger, and write the report; return the plan or the report.

    The jobs are the ledger's from then on: this run may end or die, and the backfill goes on. The
    same parameters again go on with the same backfill while it is not over. With ``wait``, the run
    is suspended until that is so, and begins here again to write the report.
    """
    restore_prefect_retries()
    settings = await current_settings()
    with worker_log(settings), open_run_context(settings) as ctx:
        try:
            async with job_lease(params.job, ctx) as work:
                return await _backfill(params, ctx, work)
        except LeaseLostError as lost:
            return Cancelled(message=str(lost))


async def _backfill(params: BackfillParams, ctx: RunContext, work: JobOutcome) -> dict[str, Any]:
    if params.plan:
        return await _plan(params, ctx)
    waits = params.wait and params.job is None  # a job's lease would run out while it waits
    backfill_id = await _begun(params, ctx)
    work.result |= {"backfill_id": backfill_id}
    if waits:
        await until_settled(ctx.engine, backfill_id)
    elif not params.report:
        one = await asyncio.to_thread(get_backfill, ctx.engine, backfill_id)
        return {"id": one.id, "videos": one.total, "left": one.left, "plan": one.plan}
    report = await asyncio.to_thread(write_report, ctx, backfill_id)
    shown = await show_report(report)
    if waits:
        await end_wait(ctx.engine)
    return shown


async def _plan(params: BackfillParams, ctx: RunContext) -> dict[str, Any]:
    selection = normalized_source(params.selection)
    plan = await asyncio.to_thread(Planner(ctx).plan, selection, params.limits)
    require_known_prices(plan, params.limits)
    return await show_plan(plan)


async def _begun(params: BackfillParams, ctx: RunContext) -> str:
    if params.report and params.backfill_id is not None:
        return params.backfill_id
    if params.wait:  # woken, it is about the backfill that it began, which may be over by now
        begun = await asyncio.to_thread(awaited_backfill, ctx.engine, str(flow_run.id))
        if begun is not None:
            return begun
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
