"""``reelworks sync``: keep a library in step with a folder or an S3 prefix."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from infra.services.supervision.state import Service
from infra.services.supervision.supervisor import running
from reelworks.app.cli import backfill_tables, output
from reelworks.app.cli.commands.backfill import InFlight, PerHour, check_library
from reelworks.app.cli.commands.services import start_stack
from reelworks.domain.jobs.backfill import IN_FLIGHT, Limits
from reelworks.domain.jobs.sync import SyncPlan
from reelworks.domain.library.library import DEFAULT_LIBRARY
from reelworks.settings import load_settings


def sync(
    source: Annotated[str, typer.Argument(help="A folder or s3://bucket/prefix.")],
    library: Annotated[
        str, typer.Option(help="The library that its videos belong to.", callback=check_library)
    ] = DEFAULT_LIBRARY,
    plan: Annotated[bool, typer.Option("--plan", help="Say what changed, change nothing.")] = False,
    allow_vanished: Annotated[
        bool,
        typer.Option("--allow-vanished", help="Believe that more than half was deleted."),
    ] = False,
    in_flight: InFlight = IN_FLIGHT,
    per_hour: PerHour = None,
    json: output.Json = False,
) -> None:
    """Index what is new or changed; let rows follow what moved; flag what is gone."""
    limits = Limits(in_flight, per_hour)
    if plan:
        with running(load_settings(), (Service.POSTGRES, Service.STORE)) as endpoints:
            os.environ.update(endpoints.environment())
            _run(source, library, limits, plan=True, allow_vanished=allow_vanished, json=json)
        return
    start_stack(load_settings())
    _run(source, library, limits, plan=False, allow_vanished=allow_vanished, json=json)


def _run(
    source: str, library: str, limits: Limits, *, plan: bool, allow_vanished: bool, json: bool
) -> None:
    from reelworks.operations.sync import (
        guard_mass_deletion,
        plan_sync,
        survey,
        sync_json,
        synchronise,
    )
    from reelworks.pipeline.run_context import open_run_context

    with open_run_context(load_settings()) as ctx:
        with backfill_tables.scan_progress(quiet=json) as progress:
            seen = survey(ctx, source, library, progress)
        steps, backfill_id = plan_sync(seen), None
        if not plan:
            done = synchronise(ctx, seen, limits, allow_vanished=allow_vanished)
            steps, backfill_id = done.plan, done.backfill_id
        elif not allow_vanished:
            guard_mass_deletion(steps, seen.known)
    if json:
        output.print_json(sync_json(steps, backfill_id))
    else:
        _print(steps, backfill_id)


def _print(steps: SyncPlan, backfill_id: str | None) -> None:
    for one in steps.new:
        output.echo(("new      ", "green"), one.locator)
    for one in steps.changed:
        output.echo(("changed  ", "yellow"), one.locator)
    for move in steps.moved:
        output.echo(("moved    ", "cyan"), f"{move.before} is {move.locator} now")
    for locator in steps.back:
        output.echo(("back     ", "green"), locator)
    for locator in steps.gone:
        output.echo(("gone     ", "red"), f"{locator} (its video is kept)")
    output.echo(
        f"{len(steps.new)} new, {len(steps.changed)} changed, {len(steps.moved)} moved, "
        f"{len(steps.gone)} gone, {steps.same} as before."
    )
    for line in steps.notes:
        output.note(line)
    if backfill_id:
        output.echo(f"Watch it: reelworks backfill show {backfill_id}")
