"""``reelworks sync``: keep a library in step with a folder or an S3 prefix."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.services.supervision.state import Service
from reelworks.app.cli import output
from reelworks.app.cli.arguments import InFlight, PerHour, check_library
from reelworks.app.cli.display.progress_bars import scan_progress
from reelworks.app.cli.environment import use_services
from reelworks.app.cli.stack import use_stack
from reelworks.domain.jobs.backfill import IN_FLIGHT, Limits
from reelworks.domain.jobs.sync import SyncPlan
from reelworks.domain.library.library import DEFAULT_LIBRARY
from reelworks.settings import Settings, load_settings


def sync(
    source: Annotated[str, typer.Argument(help="A folder or s3://bucket/prefix.")],
    library: Annotated[
        str, typer.Option(help="The library of its videos.", callback=check_library)
    ] = DEFAULT_LIBRARY,
    plan: Annotated[
        bool, typer.Option("--plan", help="Dry run: show what changed, change nothing.")
    ] = False,
    allow_vanished: Annotated[
        bool,
        typer.Option(
            "--allow-vanished", help="Proceed even if more than half of the files are missing."
        ),
    ] = False,
    in_flight: InFlight = IN_FLIGHT,
    per_hour: PerHour = None,
    json: output.Json = False,
) -> None:
    """Index new and changed files, follow moved ones, mark missing ones as gone."""
    limits = Limits(in_flight, per_hour)
    given = load_settings()
    services = use_services(given, (Service.POSTGRES, Service.STORE)) if plan else use_stack(given)
    with services as settings:
        steps, backfill_id = _synchronise(
            settings,
            (source, library),
            limits,
            plan=plan,
            allow_vanished=allow_vanished,
            quiet=json,
        )
    if json:
        from reelworks.operations.sync import sync_json

        output.print_json(sync_json(steps, backfill_id))
    else:
        _print(steps, backfill_id)


def _synchronise(
    settings: Settings,
    where: tuple[str, str],
    limits: Limits,
    *,
    plan: bool,
    allow_vanished: bool,
    quiet: bool,
) -> tuple[SyncPlan, str | None]:
    """Return the steps of a sync and the id of its backfill; ``where`` is source and library."""
    from reelworks.operations.sync import (
        guard_mass_deletion,
        plan_sync,
        survey,
        synchronise,
    )
    from reelworks.pipeline.run_context import open_run_context

    with open_run_context(settings) as ctx:
        with scan_progress(quiet=quiet) as progress:
            seen = survey(ctx, *where, progress)
        if not plan:
            done = synchronise(ctx, seen, limits, allow_vanished=allow_vanished)
            return done.plan, done.backfill_id
        steps = plan_sync(seen)
        if not allow_vanished:
            guard_mass_deletion(steps, seen.known)
        return steps, None


def _print(steps: SyncPlan, backfill_id: str | None) -> None:
    for one in steps.new:
        output.echo(("new      ", "green"), one.locator)
    for one in steps.changed:
        output.echo(("changed  ", "yellow"), one.locator)
    for move in steps.moved:
        output.echo(("moved    ", "cyan"), f"{move.before} is now {move.locator}")
    for copy in steps.copies:
        output.echo(("copy     ", "cyan"), f"{copy.locator} is the video {copy.video_id}, too")
    for move in steps.copies_gone:
        output.echo(("gone     ", "cyan"), f"{move.before} (its video is still at {move.locator})")
    for locator in steps.back:
        output.echo(("back     ", "green"), locator)
    for locator in steps.gone:
        output.echo(("gone     ", "red"), f"{locator} (its video stays in the library)")
    output.echo(
        f"{len(steps.new)} new, {len(steps.changed)} changed, {len(steps.moved)} moved, "
        f"{len(steps.gone)} gone, {steps.same} unchanged."
    )
    for line in steps.notes:
        output.note(line)
    if backfill_id:
        output.echo(f"Watch it: reelworks backfill show {backfill_id}")
