"""``reelworks backfill``: plan many videos at once, start them, watch them, stop them."""

from __future__ import annotations

import os
import re
import time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from infra.services.supervision.state import Service
from infra.services.supervision.supervisor import running
from reelworks.app.cli import backfill_tables as tables
from reelworks.app.cli import output
from reelworks.app.cli.commands.library import library_engine
from reelworks.app.cli.commands.services import start_stack
from reelworks.domain.jobs.backfill import (
    IN_FLIGHT,
    BackfillStatus,
    Limits,
    Selection,
    SelectionKind,
)
from reelworks.settings import load_settings

SOME_FAILED = 7
LOOK_SECONDS = 2.0


class _WithDefault(TyperGroup):
    """A group that takes what is none of its commands for the arguments of ``start``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put ``start`` before arguments that name no command."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["start", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_WithDefault,
    help="Many videos at once: reelworks backfill FOLDER --plan, or a command below.",
    no_args_is_help=True,
)


class Choice(StrEnum):
    """Which videos ``--only`` leaves."""

    NEW = "new"
    FAILED = "failed"
    OLDER_MODEL = "older-model"


Id = Annotated[str, typer.Argument(metavar="ID", help="The backfill's id.")]
InFlight = Annotated[int, typer.Option(min=1, max=1000, help="Runs at once.")]
PerHour = Annotated[int | None, typer.Option(min=1, help="Runs that may start in an hour.")]
Budget = Annotated[str | None, typer.Option(metavar="USD", help="Stop before it costs more.")]
Calls = Annotated[int | None, typer.Option(min=1, help="Calls a minute to each provider.")]


def _money(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise typer.BadParameter(f"{text} is no amount of US dollars", param_hint="--budget")
    return amount


def check_library(text: str | None) -> str | None:
    """Refuse what cannot be the name of a library."""
    if text is not None and not re.fullmatch("[a-z0-9_-]{1,63}", text):
        raise typer.BadParameter("use a-z, 0-9, - and _, at most 63 characters")
    return text


def _check_id(text: str | None) -> str | None:
    if text is not None and not re.fullmatch("[a-z0-9][a-z0-9-]{0,39}", text):
        raise typer.BadParameter("use a-z, 0-9 and -, at most 40 characters")
    return text


@app.command("start")
def start(  # noqa: PLR0913, PLR0917 - a command has as many arguments as options
    source: Annotated[
        str | None, typer.Argument(help="A folder or s3://bucket/prefix. None: the library's own.")
    ] = None,
    library: Annotated[
        str | None,
        typer.Option(help="The library to look through or add to.", callback=check_library),
    ] = None,
    only: Annotated[
        list[Choice] | None,
        typer.Option(help="Only these videos; give it twice for both kinds."),
    ] = None,
    missing: Annotated[
        list[str] | None, typer.Option(metavar="STAGE", help="Only videos without this stage.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Spoken language, for example en.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="The most videos.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say what it would do, start nothing.")] = (
        False
    ),
    in_flight: InFlight = IN_FLIGHT,
    per_hour: PerHour = None,
    budget: Budget = None,
    calls_per_minute: Calls = None,
    backfill_id: Annotated[
        str | None,
        typer.Option(
            "--id", help="Id of a new one, or of the one to go on with.", callback=_check_id
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--detach", help="Watch it to its end, or return at once.")
    ] = True,
    json: output.Json = False,
) -> int:
    """Plan the videos of a folder, an S3 prefix or the library, and start them."""
    kinds = {SelectionKind(one.value) for one in only or ()} | (
        {SelectionKind.MISSING} if missing else set()
    )
    selection = Selection(
        source=source,
        library=library,
        only=frozenset(kinds),
        stages=tuple(missing or ()),
        language=language,
        limit=limit,
    )
    limits = Limits(in_flight, per_hour, _money(budget), calls_per_minute)
    if plan:
        return _plan(selection, limits, json=json)
    return _start(selection, limits, backfill_id, wait=wait, json=json)


def _plan(selection: Selection, limits: Limits, *, json: bool) -> int:
    with running(load_settings(), (Service.POSTGRES, Service.STORE)) as endpoints:
        os.environ.update(endpoints.environment())
        from reelworks.operations.backfill.plan import Planner
        from reelworks.operations.backfill.start import normalized_source, require_known_prices
        from reelworks.pipeline.run_context import open_run_context

        with (
            open_run_context(load_settings()) as ctx,
            tables.scan_progress(quiet=json) as progress,
        ):
            made = Planner(ctx, progress).plan(normalized_source(selection), limits)
            require_known_prices(made, limits)
    if json:
        lines = [tables.line_json(line) for line in made.lines]
        output.print_json(made.summary() | {"lines": lines})
    else:
        tables.print_plan(made, limits)
    return 0


def _start(
    selection: Selection, limits: Limits, backfill_id: str | None, *, wait: bool, json: bool
) -> int:
    start_stack(load_settings())
    from reelworks.operations.backfill.start import Request, start_backfill
    from reelworks.pipeline.run_context import open_run_context

    with open_run_context(load_settings()) as ctx:
        with tables.scan_progress(quiet=json) as progress:
            request = Request(selection, limits, backfill_id)
            started = start_backfill(ctx, request, progress)
        one = started.backfill
        if not json:
            done = "Started" if started.plan else "Going on with"
            output.echo(f"{done} the backfill {one.id}: {one.total} videos.")
            if started.plan:
                tables.print_plan(started.plan, one.limits)
        if wait:
            return _watch(ctx, one.id, json=json)
    if json:
        output.print_json(tables.backfill_json(one))
    else:
        output.echo(f"Watch it: reelworks backfill show {one.id}")
    return 0


def _watch(ctx: Any, backfill_id: str, *, json: bool) -> int:
    """Show how a backfill goes until it is over or stops; it goes on when this is ended."""
    from reelworks.operations.backfill.start import report_json, write_report
    from reelworks.store.jobs.backfills import get_backfill, open_slots

    with tables.backfill_progress(quiet=json) as show:
        while True:
            open_slots(ctx.engine)  # closes it once nothing is left
            one = get_backfill(ctx.engine, backfill_id)
            show(one)
            if one.status is not BackfillStatus.RUNNING and not _runs(one):
                break
            time.sleep(LOOK_SECONDS)
    report = write_report(ctx, backfill_id)
    if json:
        output.print_json(report_json(report))
    else:
        tables.print_report(report)
    return SOME_FAILED if report.failures else 0


def _runs(one: Any) -> bool:
    from reelworks.domain.jobs.job import JobStatus

    return bool(one.jobs[JobStatus.PROCESSING])


@app.command("list")
def list_(json: output.Json = False) -> None:
    """List the backfills, the newest first."""
    from reelworks.store.jobs.backfills import list_backfills

    with library_engine() as engine:
        found = list_backfills(engine)
    if json:
        output.print_json([tables.backfill_json(one) for one in found])
    else:
        tables.print_backfills(found)


@app.command("show")
def show(backfill_id: Id, json: output.Json = False) -> None:
    """Show what became of a backfill: counts, cost, and each failure with its reason."""
    from reelworks.operations.backfill.start import report_json
    from reelworks.store.jobs.backfill_report import report_of

    with library_engine() as engine:
        report = report_of(engine, backfill_id)
    if json:
        output.print_json(report_json(report))
    else:
        tables.print_report(report)


@app.command("pause")
def pause(backfill_id: Id, json: output.Json = False) -> None:
    """Let no more of its videos start; what runs goes on."""
    from reelworks.store.jobs.backfills import get_backfill, pause_backfill

    with library_engine() as engine:
        pause_backfill(engine, backfill_id)
        one = get_backfill(engine, backfill_id)
    _print_changed(
        one, f"Paused {backfill_id}. Go on with: reelworks backfill resume {backfill_id}", json
    )


@app.command("resume")
def resume(
    backfill_id: Id,
    in_flight: Annotated[int | None, typer.Option(min=1, max=1000, help="Runs at once.")] = None,
    per_hour: PerHour = None,
    budget: Budget = None,
    calls_per_minute: Calls = None,
    json: output.Json = False,
) -> None:
    """Go on with a backfill that was paused or stopped, within other limits if any are given."""
    from dataclasses import replace

    from reelworks.store.jobs.backfills import get_backfill, resume_backfill

    given = {
        "in_flight": in_flight,
        "per_hour": per_hour,
        "budget": _money(budget),
        "calls_per_minute": calls_per_minute,
    }
    with library_engine() as engine:
        before = get_backfill(engine, backfill_id).limits
        chosen = {name: value for name, value in given.items() if value is not None}
        one = resume_backfill(engine, backfill_id, replace(before, **chosen))  # type: ignore[arg-type]
    _print_changed(one, f"{backfill_id} goes on: {one.left} of {one.total} videos are left.", json)


@app.command("cancel")
def cancel(backfill_id: Id, json: output.Json = False) -> None:
    """Cancel all of its videos that are not done."""
    from reelworks.store.jobs.backfills import cancel_backfill, get_backfill

    with library_engine() as engine:
        ids = cancel_backfill(engine, backfill_id)
        one = get_backfill(engine, backfill_id)
    _print_changed(one, f"Cancelled {backfill_id}: {len(ids)} videos were not done yet.", json)


def _print_changed(one: Any, text: str, json: bool) -> None:
    if json:
        output.print_json(tables.backfill_json(one))
    else:
        output.echo(text)
