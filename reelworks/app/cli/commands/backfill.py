"""``reelworks backfill``: plan, start, watch and stop the indexing of many videos."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from reelworks.app.cli import output
from reelworks.app.cli.arguments import (
    Budget,
    CallsPerMinute,
    InFlight,
    PerHour,
    check_backfill_id,
    check_library,
    parse_money,
)
from reelworks.app.cli.backfill_runs import print_dry_run, start_and_watch
from reelworks.app.cli.display import backfill_tables as tables
from reelworks.app.cli.display.changes import print_unchanged
from reelworks.app.cli.environment import library_engine
from reelworks.app.cli.exit_codes import NOTHING_CHANGED
from reelworks.domain.jobs.backfill import IN_FLIGHT, Backfill, Limits
from reelworks.domain.library.selection import SelectionKind, VideoSelection
from reelworks.operations.parameters import IN_FLIGHT_MAX


class _StartByDefault(TyperGroup):
    """A group whose command is ``start`` when its first argument names no command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put ``start`` before arguments that name no command."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["start", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_StartByDefault,
    help="Index many videos: reelworks backfill FOLDER --plan, or a command below.",
    no_args_is_help=True,
)


class OnlyKind(StrEnum):
    """Values of ``--only``; the option ``--missing`` selects the fourth kind."""

    NEW = SelectionKind.NEW.value
    FAILED = SelectionKind.FAILED.value
    OLDER_MODEL = SelectionKind.OLDER_MODEL.value


Id = Annotated[str, typer.Argument(metavar="ID", help="The backfill's id.")]
Source = Annotated[
    str | None,
    typer.Argument(help="A folder or s3://bucket/prefix. Default: the library's videos."),
]
Library = Annotated[
    str | None,
    typer.Option(help="The library to select from or add to.", callback=check_library),
]
Only = Annotated[
    list[OnlyKind] | None,
    typer.Option(help="Only videos of this kind; may be repeated."),
]
Missing = Annotated[
    list[str] | None,
    typer.Option(metavar="STAGE", help="Only videos without a result of this stage."),
]
Language = Annotated[str | None, typer.Option(help="Spoken language, for example en.")]
MostVideos = Annotated[int | None, typer.Option(min=1, help="Maximum number of videos.")]
DryRun = Annotated[bool, typer.Option("--plan", help="Dry run: show the plan, start nothing.")]
NewId = Annotated[
    str | None,
    typer.Option(
        "--id", help="Id for a new backfill, or of one to continue.", callback=check_backfill_id
    ),
]
Wait = Annotated[
    bool, typer.Option("--wait/--detach", help="Wait until it ends, or return at once.")
]


@app.command("start")
def start(  # noqa: PLR0913, PLR0917 - a command has as many arguments as options
    source: Source = None,
    library: Library = None,
    only: Only = None,
    missing: Missing = None,
    language: Language = None,
    limit: MostVideos = None,
    plan: DryRun = False,
    in_flight: InFlight = IN_FLIGHT,
    per_hour: PerHour = None,
    budget: Budget = None,
    calls_per_minute: CallsPerMinute = None,
    backfill_id: NewId = None,
    wait: Wait = True,
    json: output.Json = False,
) -> int:
    """Plan and start a backfill of a folder, an S3 prefix or the library."""
    kinds = {SelectionKind(one.value) for one in only or ()} | (
        {SelectionKind.MISSING} if missing else set()
    )
    selection = VideoSelection(
        source=source,
        library=library,
        only=frozenset(kinds),
        stages=tuple(missing or ()),
        language=language,
        limit=limit,
    )
    limits = Limits(in_flight, per_hour, parse_money(budget), calls_per_minute)
    if plan:
        return print_dry_run(selection, limits, json=json)
    return start_and_watch(selection, limits, backfill_id, wait=wait, json=json)


@app.command("list")
def list_(json: output.Json = False) -> None:
    """List the backfills, newest first."""
    from reelworks.store.jobs.backfill.backfills import list_backfills

    with library_engine() as engine:
        found = list_backfills(engine)
    if json:
        output.print_json([tables.backfill_json(one) for one in found])
    else:
        tables.print_backfills(found)


@app.command("show")
def show(backfill_id: Id, json: output.Json = False) -> None:
    """Show the result of a backfill: counts, cost, and each failure with its reason."""
    from reelworks.operations.backfill.start import report_json
    from reelworks.store.jobs.backfill.report import report_of

    with library_engine() as engine:
        report = report_of(engine, backfill_id)
    if json:
        output.print_json(report_json(report))
    else:
        tables.print_report(report)


@app.command("pause")
def pause(backfill_id: Id, json: output.Json = False) -> int:
    """Pause a backfill: no more videos start; running ones finish."""
    from reelworks.store.jobs.backfill.backfills import get_backfill, pause_backfill

    with library_engine() as engine:
        before = get_backfill(engine, backfill_id)
        pause_backfill(engine, backfill_id)
        one = get_backfill(engine, backfill_id)
    message = f"Paused {backfill_id}. Resume it with: reelworks backfill resume {backfill_id}"
    return _print_changed(before, one, message, json)


@app.command("resume")
def resume(
    backfill_id: Id,
    in_flight: Annotated[
        int | None, typer.Option(min=1, max=IN_FLIGHT_MAX, help="Runs at the same time.")
    ] = None,
    per_hour: PerHour = None,
    budget: Budget = None,
    calls_per_minute: CallsPerMinute = None,
    json: output.Json = False,
) -> int:
    """Resume a paused or stopped backfill, with new limits if any are given."""
    from dataclasses import replace

    from reelworks.store.jobs.backfill.backfills import get_backfill, resume_backfill

    given = {
        "in_flight": in_flight,
        "per_hour": per_hour,
        "budget": parse_money(budget),
        "calls_per_minute": calls_per_minute,
    }
    with library_engine() as engine:
        before = get_backfill(engine, backfill_id)
        changes = {name: value for name, value in given.items() if value is not None}
        limits = replace(before.limits, **changes)  # type: ignore[arg-type]
        one = resume_backfill(engine, backfill_id, limits)
    return _print_changed(
        before, one, f"Resumed {backfill_id}: {one.left} of {one.total} videos are left.", json
    )


@app.command("cancel")
def cancel(backfill_id: Id, json: output.Json = False) -> int:
    """Cancel the jobs of a backfill that are not done."""
    from reelworks.store.jobs.backfill.backfills import cancel_backfill, get_backfill

    with library_engine() as engine:
        before = get_backfill(engine, backfill_id)
        ids = cancel_backfill(engine, backfill_id)
        one = get_backfill(engine, backfill_id)
    left = output.plural(len(ids), "unfinished video")
    return _print_changed(before, one, f"Cancelled {backfill_id}: {left}.", json)


def _print_changed(before: Backfill, one: Backfill, done: str, json: bool) -> int:
    changed = (before.status, before.limits) != (one.status, one.limits)
    if json:
        output.print_json(tables.backfill_json(one))
        return 0 if changed else NOTHING_CHANGED
    if not changed:
        return print_unchanged(f"{one.id} is {one.status.value} already")
    output.echo(done)
    return 0
