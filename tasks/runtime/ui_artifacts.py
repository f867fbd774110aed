"""Prefect UI artifacts: plans and reports as tables."""

from __future__ import annotations

from typing import Any

from prefect.artifacts import acreate_table_artifact
from prefect.runtime import flow_run

from reelworks.domain.jobs.backfill import Report
from reelworks.domain.jobs.backfill_plan import Plan
from reelworks.domain.jobs.sync import SyncPlan
from reelworks.operations.backfill.start import plan_vs_actual, report_json
from reelworks.stages.source.ingest import without_secrets

MAX_ROWS = 1000
"""Rows of one table; all of them are in the JSON report in the store."""


async def show_plan(plan: Plan) -> dict[str, Any]:
    """Show a plan as a table of its stages, and return its summary."""
    summary = plan.summary()
    unknown = f", without {', '.join(plan.unpriced)}" if plan.unpriced else ""
    await acreate_table_artifact(
        key=f"plan-{flow_run.id}",
        table=[
            stage | {"seconds": round(stage["seconds"], 1), "cost": stage["cost"] or "unknown"}
            for stage in summary["stages"]
        ],
        description=(
            f"# {summary['videos']} videos, {summary['hours']:.2f} hours\n\n"
            f"{summary['fully_cached']} are fully cached, "
            f"{summary['skipped']} are not selected. "
            f"{summary['model_calls']} hosted model calls, {summary['cost']} USD{unknown}. "
            f"About {summary['elapsed_seconds']:.0f} s.\n\n" + " ".join(summary["notes"])
        ),
    )
    return summary


async def show_report(report: Report) -> dict[str, Any]:
    """Show a backfill's report as tables of its stages and its failures, and return it."""
    one = report.backfill
    counts = ", ".join(f"{number} {status}" for status, number in one.jobs.items() if number)
    head = f"# {one.id} is {one.status.value}\n\n{counts}. {one.cost} USD. {one.reason or ''}"
    await acreate_table_artifact(
        key=f"{one.id}-stages",
        table=[dict(row) for row in plan_vs_actual(report)],
        description=head,
    )
    if report.failures:
        rows = [
            {
                "source": without_secrets(failed.source or failed.video_id or ""),
                "stage": failed.stage or "",
                "reason": failed.reason or "",
                "code": failed.code or "",
                "tries": failed.attempts,
                "job": failed.job_id,
            }
            for failed in report.failures[:MAX_ROWS]
        ]
        text = f"# {len(report.failures)} videos of {one.id} failed"
        await acreate_table_artifact(key=f"{one.id}-failures", table=rows, description=text)
    return report_json(report)


async def show_sync(plan: SyncPlan, backfill_id: str | None) -> None:
    """Show what changed in a source as a table."""
    rows = [
        *({"what": "new", "file": one.locator} for one in plan.new),
        *({"what": "changed", "file": one.locator} for one in plan.changed),
        *({"what": f"moved from {one.before}", "file": one.locator} for one in plan.moved),
        *({"what": f"copy of {one.video_id}", "file": one.locator} for one in plan.copies),
        *({"what": "gone", "file": locator} for locator in plan.gone),
        *(
            {"what": f"gone, still at {one.locator}", "file": one.before}
            for one in plan.copies_gone
        ),
        *({"what": "back", "file": locator} for locator in plan.back),
    ]
    indexed = f" The backfill {backfill_id} indexes them." if backfill_id else ""
    await acreate_table_artifact(
        key=f"sync-{plan.library}".replace("_", "-"),
        table=rows[:MAX_ROWS],
        description=f"# {plan.root}\n\n{len(rows)} changes, {plan.same} files as before.{indexed}",
    )
