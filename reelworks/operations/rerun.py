"""Re-run of one stage of many videos: after a better model, a corrected setting, a fixed bug."""

from __future__ import annotations

from sqlalchemy import Engine

from reelworks.domain.jobs.job import BACKFILL, INTERACTIVE, Job, NewJob
from reelworks.pipeline.spec import Stage
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
    """Queue jobs that compute a stage of each of these videos again; return the jobs.

    The stages that depend on it (``pipeline.spec.dependants_of``) follow by their cache keys, as
    far as its result has changed. Jobs of several videos have a backfill's priority. With the same
    ``name``, the same jobs are returned and none is added.

    Raises ``UnknownVideoError`` for an id that no video has.
    """
    videos = ids_of_videos(engine, which)
    name = name or new_job_id()
    jobs = [
        NewJob(
            id=name if len(videos) == 1 else f"{name}-{video_id}",
            video_id=video_id,
            params={"again": [stage]},
            priority=INTERACTIVE if len(videos) == 1 else BACKFILL,
            requested_by=requested_by,
        )
        for video_id in videos
    ]
    return add_jobs(engine, jobs)
