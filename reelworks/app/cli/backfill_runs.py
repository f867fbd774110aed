"""Dry runs and runs of ``reelworks backfill start``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from infra.services.supervision.state import Service
from reelworks.app.cli import output
from reelworks.app.cli.display import backfill_tables as tables
from reelworks.app.cli.display.progress_bars import backfill_progress, scan_progress
from reelworks.app.cli.environment import use_services
from reelworks.app.cli.exit_codes import SOME_FAILED
from reelworks.app.cli.stack import use_stack
from reelworks.domain.jobs.backfill import BackfillStatus, Limits
from reelworks.domain.jobs.job import JobStatus
from reelworks.domain.library.selection import VideoSelection
from reelworks.settings import load_settings

if TYPE_CHECKING:
    from reelworks.pipeline.run_context import RunContext

POLL_SECONDS = 2.0


def print_dry_run(selection: VideoSelection, limits: Limits, *, json: bool) -> int:
    """Plan a backfill and print the plan; return the exit code. Nothing is started."""
    with use_services(load_settings(), (Service.POSTGRES, Service.STORE)) as settings:
        from reelworks.operations.backfill.plan import Planner
        from reelworks.operations.backfill.start import normalized_source, require_known_prices
        from reelworks.pipeline.run_context import open_run_context

        with open_run_context(settings) as ctx, scan_progress(quiet=json) as progress:
            plan = Planner(ctx, progress).plan(normalized_source(selection), limits)
            require_known_prices(plan, limits)
    if json:
        lines = [tables.line_json(line) for line in plan.lines]
        output.print_json(plan.summary() | {"lines": lines})
    else:
        tables.print_plan(plan, limits)
    return 0


def start_and_watch(
    selection: VideoSelection, limits: Limits, backfill_id: str | None, *, wait: bool, json: bool
) -> int:
    """Start or continue a backfill; with ``wait`` watch it. Return the exit code."""
    with use_stack(load_settings()) as settings:
        from reelworks.operations.backfill.start import Request, start_backfill
        from reelworks.pipeline.run_context import open_run_context

        with open_run_context(settings) as ctx:
            with scan_progress(quiet=json) as progress:
                request = Request(selection, limits, backfill_id)
                started = start_backfill(ctx, request, progress)
            one = started.backfill
            if not json:
                verb = "Started" if started.plan else "Continuing"
                output.echo(f"{verb} the backfill {one.id}: {output.plural(one.total, 'video')}.")
                if started.plan:
                    tables.print_plan(started.plan, one.limits)
            if wait:
                return _watch(ctx, one.id, json=json)
    if json:
        output.print_json(tables.backfill_json(one))
    else:
        output.echo(f"Watch it: reelworks backfill show {one.id}")
    return 0


def _watch(ctx: RunContext, backfill_id: str, *, json: bool) -> int:
    """Show the progress of a backfill until it ends or stops; Ctrl-C does not stop the backfill."""
    from reelworks.operations.backfill.start import report_json, write_report
    from reelworks.store.jobs.backfill.backfills import get_backfill
    from reelworks.store.jobs.backfill.slots import open_slots

    with backfill_progress(quiet=json) as show:
        while True:
            open_slots(ctx.engine)  # closes the backfill once nothing is left
            one = get_backfill(ctx.engine, backfill_id)
            show(one)
            running = one.jobs[JobStatus.RUNNING]
            if one.status is not BackfillStatus.RUNNING and not running:
                break
            time.sleep(POLL_SECONDS)
    report = write_report(ctx, backfill_id)
    if json:
        output.print_json(report_json(report))
    else:
        tables.print_report(report)
    return SOME_FAILED if report.failures else 0
