"""Plans, backfills and their reports in a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from reelworks.app.cli import output
from reelworks.app.cli.display.records import print_records
from reelworks.app.cli.output import format_dollars, format_duration, format_hours, plural
from reelworks.domain.jobs.backfill import Backfill, Limits, Report
from reelworks.domain.jobs.backfill_plan import Plan, PlanLine, StagePlan
from reelworks.domain.jobs.job import JobStatus

MOST_NOTES = 20
"""Videos with warnings that a plan lists; ``--json`` has them all."""


def print_plan(plan: Plan, limits: Limits) -> None:
    """Print what a backfill would do."""
    videos, rest = plan_headline(plan)
    output.echo((videos, "bold"), rest)
    table = output.table("stage", "#cached", "#to do", "#model calls", "#cost", "#work")
    for stage in plan.stages:
        table.add_row(*stage_row(stage))
    output.out.print(table)
    for line in usage_lines(plan):
        output.echo(line)
    output.echo(cost_line(plan, limits))
    for note in plan_notes(plan):
        output.note(note)


def plan_headline(plan: Plan) -> tuple[str, str]:
    """Return the number of videos, and the rest of a plan's first line."""
    cached = sum(not line.todo for line in plan.lines)
    rest = (
        f", {format_hours(plan.seconds)} of video; {cached} fully cached; "
        f"{plan.skipped} found but not selected."
    )
    return plural(len(plan.lines), "video"), rest


def stage_row(stage: StagePlan) -> tuple[str, ...]:
    """Return a stage's row: name, cached, to do, model calls, cost, work."""
    cost = "" if not stage.calls else format_dollars(stage.cost or Decimal(0))
    return (
        stage.stage,
        str(stage.cached),
        str(stage.todo),
        str(stage.calls or ""),
        "unknown" if stage.cost is None else cost,
        format_duration(stage.seconds) if stage.todo else "",
    )


def usage_lines(plan: Plan) -> Iterator[str]:
    """Yield a line for each hosted model: its calls, tokens, seconds of audio."""
    for model, used in sorted(plan.usage.items()):
        amounts = ", ".join(f"{value:,.0f} {name}" for name, value in used.to_dict().items())
        yield f"{model}: {amounts.replace('_', ' ')}"


def cost_line(plan: Plan, limits: Limits) -> str:
    """Return cost, budget and time of a plan in one line."""
    budget = "" if limits.budget is None else f" Budget: {format_dollars(limits.budget)}."
    cost = known_cost(plan.cost, plan.unpriced)
    return f"Cost: {cost}.{budget} Time: about {format_duration(plan.elapsed)}."


def known_cost(cost: Decimal, unpriced: Sequence[str]) -> str:
    """Return a cost, marked as incomplete where the price of a model is not known."""
    return format_dollars(cost) + (" (some prices are unknown)" if unpriced else "")


def plan_notes(plan: Plan) -> Iterator[str]:
    """Yield the notes of a plan: unknown prices, its own notes, videos with warnings."""
    for model in plan.unpriced:
        yield f"The price of {model} is not known; set MODEL_PRICES to count it."
    yield from plan.notes
    warnings = [line.note for line in plan.lines if line.note]
    yield from warnings[:MOST_NOTES]
    if len(warnings) > MOST_NOTES:
        yield f"{len(warnings) - MOST_NOTES} more have warnings; see --json."


def print_backfills(backfills: Sequence[Backfill]) -> None:
    """Print a line for each backfill."""
    if not backfills:
        output.echo("There are no backfills. Try: reelworks backfill --help")
        return
    columns = ("id", "status", "#videos", "#left", "#failed", "#cost", "selection")
    print_records(columns, [backfill_row(one) for one in backfills])


def backfill_row(one: Backfill) -> tuple[str, ...]:
    """Return a backfill's row: id, status, videos, left, failed, cost, selection."""
    selection = one.selection
    return (
        one.id,
        one.status.value,
        str(one.total),
        str(one.left),
        str(one.jobs[JobStatus.FAILED]),
        format_dollars(one.cost),
        selection.source or f"library {selection.library or '(all)'}",
    )


def print_report(report: Report) -> None:
    """Print the result of a backfill: counts, cost, stages, and each failure."""
    one = report.backfill
    counts = ", ".join(f"{number} {status}" for status, number in one.jobs.items() if number)
    output.echo((one.id, "bold"), f"  {one.status.value}  {counts or 'no videos'}")
    if one.reason:
        output.echo(one.reason)
    cost = known_cost(one.cost, report.unpriced)
    planned = format_dollars(Decimal(str(one.plan.get("cost", "0"))))
    done = format_hours(report.hours * 3600)
    output.echo(f"{done} of video done. Cost: {cost} (planned: {planned}).")
    table = output.table("stage", "#planned", "#computed", "#planned work", "#work")
    for row in planned_and_actual(report):
        table.add_row(*row)
    output.out.print(table)
    if report.failures:
        _print_failures(report)


def planned_and_actual(report: Report) -> Iterator[tuple[str, ...]]:
    """Yield a row for each planned stage: name, planned, computed, planned work, work."""
    for planned in report.backfill.plan.get("stages", ()):
        stage = planned["stage"]
        yield (
            stage,
            str(planned["todo"]),
            str(report.computed.get(stage, 0)),
            format_duration(planned["seconds"]),
            format_duration(report.stage_seconds.get(stage, 0.0)),
        )


def _print_failures(report: Report) -> None:
    table = output.table("failed", "stage", "code", "#attempts", "reason")
    for failed in report.failures:
        table.add_row(
            failed.source or failed.video_id or failed.job_id,
            failed.stage or "",
            failed.code or "",
            str(failed.attempts),
            failed.reason or "",
        )
    output.out.print(table)
    output.echo(f"Retry them: reelworks jobs retry --backfill {report.backfill.id}")


def line_json(line: PlanLine) -> dict[str, Any]:
    """Return a line of a plan as JSON values."""
    return {
        "source": line.source,
        "video_id": line.video_id,
        "bytes": line.size,
        "seconds": round(line.seconds, 3),
        "guessed": line.guessed,
        "cached": list(line.cached),
        "todo": list(line.todo),
        "note": line.note,
    }


def backfill_json(one: Backfill) -> dict[str, Any]:
    """Return a backfill as JSON values."""
    return {
        "id": one.id,
        "status": one.status.value,
        "reason": one.reason,
        "selection": one.selection.to_dict(),
        "limits": one.limits.to_dict(),
        "jobs": {status.value: number for status, number in one.jobs.items()},
        "cost": str(one.cost),
        "plan": dict(one.plan),
        "created_at": one.created_at.isoformat(),
        "ended_at": one.ended_at.isoformat() if one.ended_at else None,
    }
