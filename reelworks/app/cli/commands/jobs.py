"""``reelworks jobs``: the job queue: list, show, retry, cancel, set priority, pause."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from reelworks.app.cli import output
from reelworks.app.cli.display.changes import print_changed_jobs, print_switch
from reelworks.app.cli.display.job_tables import (
    STATUS_COLOURS,
    event_line,
    lease_line,
    outlook_line,
    print_jobs,
    progress_rows,
)
from reelworks.app.cli.environment import library_engine
from reelworks.app.cli.job_options import (
    All,
    Backfill,
    Code,
    FailedStage,
    Ids,
    Library,
    Video,
    job_selection,
)
from reelworks.domain.jobs.job import JobSelection, JobStatus
from reelworks.domain.library.access import LOCAL
from reelworks.domain.library.library import VideoStatus
from reelworks.operations.parameters import PRIORITY_MAX
from reelworks.pipeline.spec import Stage, in_order
from reelworks.settings import load_settings

app = typer.Typer(
    help="The job queue: list, retry, cancel, set priority, pause.", no_args_is_help=True
)


@app.command("list")
def list_(
    status: Annotated[
        list[JobStatus] | None, typer.Option(help="Only jobs with this status; may be repeated.")
    ] = None,
    video: Video = None,
    library: Library = None,
    backfill: Backfill = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Maximum number of jobs.")] = 50,
    json: output.Json = False,
) -> None:
    """List jobs, newest first."""
    from reelworks.app.api.http.pagination import page_of
    from reelworks.store.jobs.dispatchers import is_paused
    from reelworks.store.jobs.jobs import count_jobs, list_jobs

    selection = JobSelection(
        statuses=frozenset(status) if status else None,
        video_id=video,
        library=library,
        backfill_id=backfill,
    )
    with library_engine() as engine:
        jobs, following = page_of(list_jobs(engine, selection, limit=limit + 1), limit)
        counts = count_jobs(engine, replace(selection, statuses=None))
        paused = is_paused(engine)
    if json:
        from reelworks.app.api.schemas.jobs import JobList, JobOut

        page = JobList(jobs=[JobOut.of(job, LOCAL) for job in jobs], next=following)
        output.print_json(page.model_dump(mode="json") | {"counts": counts, "paused": paused})
        return
    print_jobs(jobs)
    output.echo(", ".join(f"{number} {name.value}" for name, number in counts.items() if number))
    if paused:
        output.note("The dispatcher is paused; resume it with: reelworks jobs resume")


@app.command()
def show(
    job_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the job.")],
    json: output.Json = False,
) -> None:
    """Show a job: its stages, history, cost and place in the queue."""
    from reelworks.operations.jobs.outlook import outlook_of
    from reelworks.store.jobs.jobs import events_of, get_job

    with library_engine() as engine:
        job, events = get_job(engine, job_id), events_of(engine, job_id)
        job = replace(job, progress=in_order(job.progress))
        outlook = outlook_of(engine, job)
    if json:
        from reelworks.app.api.schemas.jobs import JobDetail

        output.print_model(JobDetail.with_events(job, events, LOCAL, outlook))
        return
    output.echo((job.id, "bold"), f"  {job.kind}  ", (job.status.value, STATUS_COLOURS[job.status]))
    if job.error:
        output.echo(("Error: ", "red"), job.error)
    if outlook and (expected := outlook_line(outlook)):
        output.echo(expected)
    if job.lease:
        output.echo(lease_line(job.lease))
    for event in events:
        output.echo(event_line(event))
    table = output.table("stage", "state", "#seconds", "items", "model", "")
    for row in progress_rows(job):
        table.add_row(*row)
    if job.progress:
        output.out.print(table)
    if job.cost:
        output.echo(f"Cost so far: {job.cost:.4f} USD")


@app.command()
def retry(
    ids: Ids = None,
    every: All = False,
    library: Library = None,
    backfill: Backfill = None,
    stage: FailedStage = None,
    code: Code = None,
    json: output.Json = False,
) -> int:
    """Retry failed and cancelled jobs; finished stages come from the cache."""
    from reelworks.operations.jobs.control import retry_jobs

    selection = job_selection(
        ids, every=every, library=library, backfill=backfill, stage=stage, code=code
    )
    with library_engine() as engine:
        changed = retry_jobs(engine, LOCAL, selection, bucket=load_settings().s3.bucket)
    return print_changed_jobs(changed, "Requeued", "no matching job can be retried", json=json)


@app.command()
def cancel(
    ids: Ids = None,
    every: All = False,
    video: Video = None,
    library: Library = None,
    backfill: Backfill = None,
    json: output.Json = False,
) -> int:
    """Cancel queued and running jobs; finished stages stay cached."""
    from reelworks.operations.jobs.control import cancel_jobs

    selection = job_selection(ids, every=every, video=video, library=library, backfill=backfill)
    with library_engine() as engine:
        changed = cancel_jobs(engine, LOCAL, selection)
    return print_changed_jobs(
        changed, "Cancelled", "no matching job is waiting or running", json=json
    )


@app.command()
def priority(
    number: Annotated[
        int,
        typer.Argument(
            min=-PRIORITY_MAX, max=PRIORITY_MAX, help="Jobs with a higher priority start first."
        ),
    ],
    ids: Ids = None,
    every: All = False,
    video: Video = None,
    library: Library = None,
    backfill: Backfill = None,
    json: output.Json = False,
) -> int:
    """Set the priority of queued jobs."""
    from reelworks.operations.jobs.control import set_priority

    selection = job_selection(ids, every=every, video=video, library=library, backfill=backfill)
    with library_engine() as engine:
        changed = set_priority(engine, LOCAL, selection, number)
    return print_changed_jobs(
        changed, f"Priority set to {number}", "no matching job is waiting", json=json
    )


@app.command()
def rerun(
    stage: Annotated[str, typer.Argument(help="The stage to recompute, for example vision.")],
    video: Annotated[list[str] | None, typer.Option(help="This video; may be repeated.")] = None,
    library: Annotated[str | None, typer.Option(help="Videos of this library.")] = None,
    status: Annotated[VideoStatus | None, typer.Option(help="Videos with this status.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All videos.")] = False,
    json: output.Json = False,
) -> int:
    """Recompute a stage of many videos, and the stages that depend on it."""
    from reelworks.domain.library.selection import VideoSelection
    from reelworks.operations.rerun import rerun_stage

    if not (video or library or status or every):
        raise typer.BadParameter("select videos with --video, --library or --status, or give --all")
    videos = VideoSelection(ids=tuple(video) if video else None, library=library, status=status)
    with library_engine() as engine:
        added = rerun_stage(engine, LOCAL, _stage_named(stage), videos)
    return print_changed_jobs(
        [job.id for job in added], f"Queued to recompute {stage}", "no video matches", json=json
    )


def _stage_named(name: str) -> Stage:
    try:
        return Stage(name)
    except ValueError:
        raise typer.BadParameter(
            f"there is no stage {name}; use one of {', '.join(Stage)}"
        ) from None


@app.command()
def pause(
    note: Annotated[str | None, typer.Option(help="Reason, shown to others.")] = None,
    json: output.Json = False,
) -> int:
    """Pause the dispatcher: no more jobs start; running ones finish."""
    from reelworks.operations.jobs.control import pause_dispatcher
    from reelworks.store.jobs.dispatchers import is_paused

    with library_engine() as engine:
        changed = note is not None or not is_paused(engine)
        pause_dispatcher(engine, LOCAL, note=note)
    return print_switch(paused=True, changed=changed, json=json)


@app.command()
def resume(json: output.Json = False) -> int:
    """Resume the dispatcher: queued jobs start again."""
    from reelworks.operations.jobs.control import resume_dispatcher
    from reelworks.store.jobs.dispatchers import is_paused

    with library_engine() as engine:
        changed = is_paused(engine)
        resume_dispatcher(engine, LOCAL)
    return print_switch(paused=False, changed=changed, json=json)
