"""Jobs, their events and their stages in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from reelworks.app.cli import output
from reelworks.app.cli.display.records import print_records
from reelworks.domain.jobs.job import Job, JobEvent, JobStatus
from reelworks.domain.jobs.lease import Lease, LeaseKind
from reelworks.domain.jobs.outlook import JobOutlook
from reelworks.pipeline.spec import in_order

STATUS_COLOURS = {
    JobStatus.QUEUED: "cyan",
    JobStatus.RUNNING: "yellow",
    JobStatus.DONE: "green",
    JobStatus.FAILED: "red",
    JobStatus.CANCELLED: "dim",
}


def print_jobs(jobs: Sequence[Job]) -> None:
    """Print a row for each job."""
    if not jobs:
        output.echo("No jobs match.")
        return
    print_records(
        ("job", "status", "attempts", "stage", "video", "error"),
        [
            (
                job.id,
                Text(job.status.value, style=STATUS_COLOURS[job.status]),
                output.plural(job.attempts, "attempt") if job.attempts else "",
                stage_of(job),
                job.video_id or "",
                job.error or "",
            )
            for job in jobs
        ],
    )


def stage_of(job: Job) -> str:
    """Return the stage in which a job failed, or those that it runs now; else nothing."""
    if job.error_stage:
        return job.error_stage
    busy = [stage for stage, one in in_order(job.progress).items() if one.is_running]
    return ", ".join(busy) if job.status is JobStatus.RUNNING else ""


_LEASES = {
    LeaseKind.DISPATCHER: "A dispatcher creates or inspects its flow run.",
    LeaseKind.QUEUED: "Its flow run waits for a worker.",
    LeaseKind.CANCEL_PENDING: "Its flow run is yet to be cancelled in Prefect.",
}


def lease_line(lease: Lease) -> str:
    """Return who has a job, in a sentence."""
    if lease.flow_run_id is not None:
        return f"The flow run {lease.flow_run_id} works on it."
    return _LEASES[lease.kind]


def outlook_line(outlook: JobOutlook) -> str:
    """Return a job's place in the queue and its estimated time; empty where neither is known."""
    parts = [] if outlook.position is None else [f"Number {outlook.position} in the queue"]
    if outlook.seconds_left is not None:
        parts.append(f"about {output.format_duration(max(1.0, outlook.seconds_left))} left")
    text = ", ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def event_line(event: JobEvent) -> str:
    """Return a change of a job's status in one line, in local time."""
    note = f"  {event.note}" if event.note else ""
    when = event.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return f"  {when}  {event.status.value}, attempt {event.attempt}{note}"


def progress_rows(job: Job) -> list[tuple[str, ...]]:
    """Return a row for each stage of a job: name, state, seconds, items, model, note."""
    return [
        (
            stage,
            one.state,
            "" if one.seconds is None else f"{one.seconds:.1f}",
            "" if one.items is None else f"{one.items} {one.unit or ''}",
            one.model or "",
            one.note or "",
        )
        for stage, one in in_order(job.progress).items()
    ]
