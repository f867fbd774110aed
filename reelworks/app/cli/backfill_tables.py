"""How plans, backfills and their reports look in a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from reelworks.app.cli import output
from reelworks.domain.jobs.backfill import Backfill, Limits, Plan, PlanLine, Report
from reelworks.domain.jobs.job import JobStatus

MOST_NOTES = 20
"""Videos with something amiss that a plan lists; ``--json`` has them all."""


def print_plan(plan: Plan, limits: Limits) -> None:
    """Print what a backfill would do."""
    done = sum(not line.todo for line in plan.lines)
    output.echo(
        (f"{len(plan.lines)} video{'s' * (len(plan.lines) != 1)}", "bold"),
        f", {hours(plan.seconds)} of video; {done} are fully cached; "
        f"{plan.skipped} found but not meant.",
    )
    made = output.table("stage", "#cached", "#to do", "#model calls", "#cost", "#work")
    for stage in plan.stages:
        made.add_row(
            stage.stage,
            str(stage.cached),
            str(stage.todo),
            str(stage.calls or ""),
            "unknown" if stage.cost is None else dollars(stage.cost) if stage.calls else "",
            format_duration(stage.seconds) if stage.todo else "",
        )
    output.out.print(made)
    for model, used in sorted(plan.usage.items()):
        amounts = ", ".join(f"{value:,.0f} {name}" for name, value in used.to_dict().items())
        output.echo(f"{model}: {amounts.replace('_', ' ')}")
    cost = dollars(plan.cost) + (" and more" if plan.unpriced else "")
    budget = f" of a budget of {dollars(limits.budget)}" if limits.budget is not None else ""
    output.echo(f"Cost: {cost}{budget}. Time: about {format_duration(plan.elapsed)}.")
    for model in plan.unpriced:
        output.note(f"The price of {model} is not known; set MODEL_PRICES to count it.")
    for line in plan.notes:
        output.note(line)
    amiss = [line for line in plan.lines if line.note]
    for one in amiss[:MOST_NOTES]:
        output.note(str(one.note))
    if len(amiss) > MOST_NOTES:
        output.note(f"{len(amiss) - MOST_NOTES} more have something amiss; see --json.")


def print_backfills(found: Sequence[Backfill]) -> None:
    """Print a line for each backfill."""
    made = output.table("id", "status", "#videos", "#left", "#failed", "#cost", "what")
    for one in found:
        selection = one.selection
        what = selection.source or f"library {selection.library or '(all)'}"
        made.add_row(
            one.id,
            one.status.value,
            str(one.total),
            str(one.left),
            str(one.jobs[JobStatus.FAILED]),
            dollars(one.cost),
            what,
        )
    output.out.print(made if found else "There is no backfill. Try: reelworks backfill --help")


def print_report(report: Report) -> None:
    """Print what became of a backfill."""
    one = report.backfill
    counts = ", ".join(f"{number} {status}" for status, number in one.jobs.items() if number)
    output.echo((one.id, "bold"), f"  {one.status.value}  {counts or 'no videos'}")
    if one.reason:
        output.echo(one.reason)
    cost = dollars(one.cost) + (" and more" if report.unpriced else "")
    planned = dollars(Decimal(str(one.plan.get("cost", "0"))))
    output.echo(f"{hours(report.hours * 3600)} of video done. Cost: {cost} (planned: {planned}).")
    made = output.table("stage", "#planned", "#computed", "#planned work", "#work")
    for planned_stage in one.plan.get("stages", ()):
        stage = planned_stage["stage"]
        made.add_row(
            stage,
            str(planned_stage["todo"]),
            str(report.computed.get(stage, 0)),
            format_duration(planned_stage["seconds"]),
            format_duration(report.stage_seconds.get(stage, 0.0)),
        )
    output.out.print(made)
    if not report.failures:
        return
    failures = output.table("failed", "stage", "code", "#tries", "reason")
    for failed in report.failures:
        failures.add_row(
            failed.source or failed.video_id or failed.job_id,
            failed.stage or "",
            failed.code or "",
            str(failed.attempts),
            failed.reason or "",
        )
    output.out.print(failures)
    output.echo(f"Retry them: reelworks jobs retry --backfill {one.id}")


@contextmanager
def scan_progress(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show how many files of a place are read."""
    with _bar(quiet=quiet) as bar:
        task = bar.add_task("reading files", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def backfill_progress(*, quiet: bool) -> Iterator[Callable[[Backfill], None]]:
    """Show how far a backfill is."""
    with _bar(quiet=quiet) as bar:
        task = bar.add_task("backfill", total=None)

        def show(one: Backfill) -> None:
            text = f"{one.status.value}, {one.jobs[JobStatus.FAILED]} failed, {dollars(one.cost)}"
            bar.update(task, description=text, completed=one.total - one.left, total=one.total)

        yield show


def _bar(*, quiet: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=output.err,
        transient=True,
        disable=quiet or not output.err.is_terminal,
    )


def hours(seconds: float) -> str:
    """Return a length of video as people say it."""
    return f"{seconds / 3600:.1f} hours" if seconds >= 3600 else f"{seconds / 60:.1f} minutes"


def format_duration(seconds: float) -> str:
    """Return a time of work in the unit that fits."""
    for size, name in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {name}"
    return f"{seconds:.1f} s"


def dollars(amount: Decimal) -> str:
    """Return an amount of money; what is less than a cent is not nothing."""
    places = 2 if amount >= 1 or amount == 0 else 4
    return f"${amount:,.{places}f}"


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
