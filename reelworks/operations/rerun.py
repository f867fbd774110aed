"""Recompute one stage of many videos: after a better model, a changed setting, a fixed bug."""

from __future__ import annotations

from sqlalchemy import Engine

from reelworks.domain.jobs.job import BACKFILL, INTERACTIVE, Job, NewJob
from reelworks.domain.library.access import Caller
from reelworks.domain.library.selection import VideoSelection
from reelworks.operations.ownership import require_admin
from reelworks.pipeline.spec import Stage
from reelworks.store.jobs.jobs import add_jobs, new_job_id
from reelworks.store.library.video_writes import ids_of_videos


def rerun_stage(
    engine: Engine,
    caller: Caller,
    stage: Stage,
    selection: VideoSelection,
    *,
    job_id: str | None = None,
) -> list[Job]:
    """Queue jobs that recompute a stage, and those that depend on it, of each of these videos.

    Jobs of several videos have the priority of a backfill. The same ``job_id`` queues nothing
    twice. Raises ``ForbiddenError`` for a caller who is no admin, and ``UnknownVideoError`` for an
    id that no video has.
    """
    require_admin(caller, "changes many jobs at once")
    videos = ids_of_videos(engine, selection)
    job_id = job_id or new_job_id()
    jobs = [
        NewJob(
            id=job_id if len(videos) == 1 else f"{job_id}-{video_id}",
            video_id=video_id,
            params={"recompute": [stage]},
            priority=INTERACTIVE if len(videos) == 1 else BACKFILL,
            requested_by=caller.name or None,
        )
        for video_id in videos
    ]
    return add_jobs(engine, jobs)
