"""Compute one stage of many videos again: after a better model, a mended setting, a fixed bug."""

from __future__ import annotations

from sqlalchemy import Engine

from reelworks.domain.jobs.job import BACKFILL, INTERACTIVE, Job, NewJob
from reelworks.domain.jobs.stage import Stage
from reelworks.store.jobs.jobs import add_jobs, new_job_id
from reelworks.store.library.video_writes import VideoFilter, ids_of_videos


def rerun_stage(
    engine: Engine,
    stage: Stage,
    which: VideoFilter,
    *,
    requested_by: str | None = None,
    name: str | None = None,
) -> list[Job]:
    """Ask for a stage, and what depends on its answer, of each of these videos; return the jobs.

    Several give way to what people wait for. With the same ``name`` again, nothing is asked twice.
    Raises ``UnknownVideoError`` for an id that no video has.
    """
    videos = ids_of_videos(engine, which)
    name = name or new_job_id()
    jobs = [
        NewJob(
            id=name if len(videos) == 1 else f"{name}-{video_id}",
            video_id=video_id,
            params={"recompute": [stage]},
            priority=INTERACTIVE if len(videos) == 1 else BACKFILL,
            requested_by=requested_by,
        )
        for video_id in videos
    ]
    return add_jobs(engine, jobs)
