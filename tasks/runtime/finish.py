"""Finish: the video's row says how its run ended."""

from __future__ import annotations

import logging

from prefect import task
from sqlalchemy import Engine

from reelworks.domain.library.library import VideoStatus
from reelworks.errors import UnknownVideoError
from reelworks.pipeline.run_context import RunContext
from reelworks.store.library.publish import set_status
from reelworks.store.library.removal import remove_files
from reelworks.store.library.video_reads import get_summary
from tasks.runtime.current_run import current_run
from tasks.runtime.stage_runner import in_thread, stage_task

log = logging.getLogger("video_worker")


@task(**stage_task("finish", runs_on="cpu", minutes=5))
async def finish(video_id: str, error: str | None = None) -> None:
    """Set the status to ``ready``, or to ``failed`` with the reason."""
    engine = current_run().ctx.engine
    await in_thread("finish", lambda _: set_final_status(engine, video_id, error))


def mark_failed(engine: Engine, video_id: str, error: str) -> None:
    """Write it into the row of a video that was noted but whose source was never claimed."""
    try:
        set_status(engine, video_id, VideoStatus.FAILED, error=error)
    except UnknownVideoError:
        log.info("The video %s was deleted meanwhile.", video_id)


def set_final_status(engine: Engine, video_id: str, error: str | None) -> None:
    """Write the video's last status; needs no Prefect server."""
    set_status(engine, video_id, VideoStatus.FAILED if error else VideoStatus.READY, error=error)
    if error:
        log.error("FAILED %s: %s", video_id, error)
    else:
        log.info("READY %s", video_id)


def cleanup_if_deleted(ctx: RunContext, video_id: str) -> bool:
    """Tell whether somebody deleted the video meanwhile, and remove what was written since."""
    try:
        get_summary(ctx.engine, video_id)
    except UnknownVideoError:
        remove_files(ctx.engine, ctx.store, video_id)
        return True
    return False
