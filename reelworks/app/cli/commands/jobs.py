"""``reelworks jobs``: what was asked for, how it goes, and doing something about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer
from rich.text import Text

from reelworks.app.cli import output
from reelworks.app.cli.commands.library import library_engine
from reelworks.domain.jobs.job import Job, JobSelection, JobStatus
from reelworks.domain.jobs.stage import STAGES, Stage
from reelworks.domain.library.library import VideoStatus

app = typer.Typer(help="The job ledger: list, retry, cancel, hurry, pause.", no_args_is_help=True)

_COLOURS = {
    JobStatus.PENDING: "cyan",
    JobStatus.PROCESSING: "yellow",
    JobStatus.DONE: "green",
    JobStatus.FAILED: "red",
    JobStatus.CANCELLED: "dim",
}
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Jobs by their ids.")]
Video = Annotated[str | None, typer.Option(help="Jobs of this video.")]
Library = Annotated[str | None, typer.Option(help="Jobs of this library's videos.")]
Backfill = Annotated[str | None, typer.Option(help="Jobs of this backfill.")]
FailedIn = Annotated[str | None, typer.Option(help="Jobs that failed in this stage.")]
Code = Annotated[str | None, typer.Option(help="Jobs that failed with this code.")]
All = Annotated[bool, typer.Option("--all", help="Every job that can be meant.")]


def _selection(
    ids: list[str] | None,
    *,
    every: bool = False,
    video: str | None = None,
    library: str | None = None,
    backfill: str | None = None,
    stage: str | None = None,
    code: str | None = None,
) -> JobSelection:
    """Return what the options select. Nothing at all is a mistake, not everything."""
    if not (ids or every or video or library or backfill or stage or code):
        raise typer.BadParameter("name jobs, or choose them with an option, or give --all")
    return JobSelection(
        ids=tuple(ids) if ids else None,
        video_id=video,
        library=library,
        backfill_id=backfill,
        error_stage=stage,
        error_code=code,
    )


@app.command("list")
def list_(
    status: Annotated[list[JobStatus] | None, typer.Option(help="Only these.")] = None,
    video: Video = None,
    library: Library = None,
    backfill: Backfill = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most jobs to show.")] = 50,
    json: output.Json = False,
) -> None:
    """List jobs, the newest first."""
    from reelworks.store.jobs.jobs import count_jobs, is_paused, list_jobs

    which = JobSelection(
        statuses=frozenset(status) if status else None,
        video_id=video,
        library=library,
        backfill_id=backfill,
    )
    with library_engine() as engine:
        jobs = list_jobs(engine, which, limit=limit)
        counts = count_jobs(engine, replace(which, statuses=None))
        paused = is_paused(engine)
    if json:
        output.print_json({"counts": counts, "paused": paused, "jobs": jobs})
        return
    made = output.table("job", "status", "video", "stage", "#tries", "")
    for job in jobs:
        state = Text(job.status.value, style=_COLOURS[job.status])
        made.add_row(
            job.id, state, job.video_id or "", _stage(job), str(job.attempts), job.error or ""
        )
    output.out.print(made if jobs else "There are no such jobs.")
    output.echo(", ".join(f"{number} {name.value}" for name, number in counts.items() if number))
    if paused:
        output.note("The intake is paused; go on with: reelworks jobs resume")


def _stage(job: Job) -> str:
    if job.error_stage:
        return job.error_stage
    busy = [stage for stage, one in job.progress.items() if one.is_running]
    return ", ".join(busy) if job.status is JobStatus.PROCESSING else ""


@app.command()
def show(job_id: Annotated[str, typer.Argument(metavar="ID")], json: output.Json = False) -> None:
    """Show a job: its stages, its history, what it cost."""
    from reelworks.store.jobs.jobs import events_of, get_job

    with library_engine() as engine:
        job, events = get_job(engine, job_id), events_of(engine, job_id)
    if json:
        output.print_json({"job": job, "events": events})
        return
    output.echo((job.id, "bold"), f"  {job.kind}  ", (job.status.value, _COLOURS[job.status]))
    if job.error:
        output.echo(("Error: ", "red"), job.error)
    for event in events:
        note = f"  {event.note}" if event.note else ""
        when = event.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        output.echo(f"  {when}  {event.status.value}, attempt {event.attempt}{note}")
    made = output.table("stage", "state", "#seconds", "items", "model", "")
    for stage, one in job.progress.items():
        seconds = "" if one.seconds is None else f"{one.seconds:.1f}"
        items = "" if one.items is None else f"{one.items} {one.unit or ''}"
        made.add_row(stage, one.state, seconds, items, one.model or "", one.note or "")
    if job.progress:
        output.out.print(made)
    if job.cost:
        output.echo(f"Cost so far: {job.cost:.4f} USD")


@app.command()
def retry(
    ids: Ids = None,
    every: All = False,
    library: Library = None,
    backfill: Backfill = None,
    stage: FailedIn = None,
    code: Code = None,
    json: output.Json = False,
) -> None:
    """Let failed and cancelled jobs run again; finished stages are kept."""
    from reelworks.store.jobs.jobs import retry_jobs

    which = _selection(ids, every=every, library=library, backfill=backfill, stage=stage, code=code)
    with library_engine() as engine:
        changed = retry_jobs(engine, which)
    _print_changed(changed, "Waiting for a run again", json=json)


@app.command()
def cancel(
    ids: Ids = None,
    every: All = False,
    video: Video = None,
    library: Library = None,
    backfill: Backfill = None,
    json: output.Json = False,
) -> None:
    """Cancel jobs that wait or run; finished stages are kept."""
    from reelworks.store.jobs.jobs import cancel_jobs

    which = _selection(ids, every=every, video=video, library=library, backfill=backfill)
    with library_engine() as engine:
        changed = cancel_jobs(engine, which)
    _print_changed(changed, "Cancelled", json=json)


@app.command()
def priority(
    number: Annotated[int, typer.Argument(min=-1000, max=1000, help="Higher goes first.")],
    ids: Ids = None,
    every: All = False,
    video: Video = None,
    library: Library = None,
    backfill: Backfill = None,
    json: output.Json = False,
) -> None:
    """Let waiting jobs start sooner or later."""
    from reelworks.store.jobs.jobs import set_priority

    which = _selection(ids, every=every, video=video, library=library, backfill=backfill)
    with library_engine() as engine:
        changed = set_priority(engine, which, number)
    _print_changed(changed, f"Now of priority {number}", json=json)


@app.command()
def rerun(
    stage: Annotated[str, typer.Argument(help="The stage to compute anew, for example vision.")],
    video: Annotated[list[str] | None, typer.Option(help="Of this video; may be repeated.")] = None,
    library: Annotated[str | None, typer.Option(help="Of this library's videos.")] = None,
    status: Annotated[VideoStatus | None, typer.Option(help="Of videos that stand so.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Of every video.")] = False,
    json: output.Json = False,
) -> None:
    """Compute one stage of many videos again, and what depends on its answer."""
    from reelworks.operations.rerun import rerun_stage
    from reelworks.store.library.video_writes import VideoFilter

    if not (video or library or status or every):
        raise typer.BadParameter("choose videos with --video, --library, --status, or give --all")
    which = VideoFilter(ids=tuple(video) if video else None, library=library, status=status)
    with library_engine() as engine:
        added = rerun_stage(engine, _stage_named(stage), which)
    _print_changed([job.id for job in added], f"Asked to run {stage} again", json=json)


def _stage_named(name: str) -> Stage:
    for stage in STAGES:
        if stage == name:
            return stage
    raise typer.BadParameter(f"there is no stage {name}; use one of {', '.join(STAGES)}")


@app.command()
def pause(
    note: Annotated[str | None, typer.Option(help="Why, for the others.")] = None,
    json: output.Json = False,
) -> None:
    """Let no waiting job start; what runs goes on."""
    from reelworks.store.jobs.jobs import pause_dispatcher

    with library_engine() as engine:
        pause_dispatcher(engine, note=note)
    _tell_switch(paused=True, json=json)


@app.command()
def resume(json: output.Json = False) -> None:
    """Let waiting jobs start again."""
    from reelworks.store.jobs.jobs import resume_dispatcher

    with library_engine() as engine:
        resume_dispatcher(engine)
    _tell_switch(paused=False, json=json)


def _print_changed(ids: list[str], what: str, *, json: bool) -> None:
    if json:
        output.print_json({"jobs": ids})
    else:
        output.echo(f"{what}: {len(ids)} job{'' if len(ids) == 1 else 's'}.")


def _tell_switch(*, paused: bool, json: bool) -> None:
    if json:
        output.print_json({"paused": paused})
    else:
        output.echo("The intake is paused." if paused else "The intake goes on.")
