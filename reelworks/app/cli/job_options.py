"""Options that select jobs, and the selection that they make."""

from __future__ import annotations

from typing import Annotated

import typer

from reelworks.domain.jobs.job import JobSelection

Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Ids of jobs.")]
Video = Annotated[str | None, typer.Option(help="Jobs of this video.")]
Library = Annotated[str | None, typer.Option(help="Jobs of this library's videos.")]
Backfill = Annotated[str | None, typer.Option(help="Jobs of this backfill.")]
FailedStage = Annotated[str | None, typer.Option(help="Jobs that failed in this stage.")]
Code = Annotated[str | None, typer.Option(help="Jobs that failed with this error code.")]
All = Annotated[bool, typer.Option("--all", help="All matching jobs.")]


def job_selection(
    ids: list[str] | None,
    *,
    every: bool = False,
    video: str | None = None,
    library: str | None = None,
    backfill: str | None = None,
    stage: str | None = None,
    code: str | None = None,
) -> JobSelection:
    """Return the jobs that the options select.

    Raises ``typer.BadParameter`` without any option: that must not mean all jobs.
    """
    if not (ids or every or video or library or backfill or stage or code):
        raise typer.BadParameter("give the ids of jobs, an option that selects some, or --all")
    return JobSelection(
        ids=tuple(ids) if ids else None,
        video_id=video,
        library=library,
        backfill_id=backfill,
        error_stage=stage,
        error_code=code,
    )
