"""Finish: a video's row says how its run ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prefect import task
from sqlalchemy import Engine

from reelworks.domain.library.library import VideoStatus
from reelworks.errors import UnknownVideoError
from reelworks.pipeline.run_context import RunContext
from reelworks.store.library.removal import remove_files
from reelworks.store.library.video_reads import get_summary
from reelworks.store.library.video_status import set_status
from tasks.runtime.current_run import current_run
from tasks.runtime.jobs.job_run import JobRun
from tasks.runtime.prefect_outage import is_prefect_unreachable
from tasks.runtime.run_endings import reason_of
from tasks.runtime.stage_runner import run_task
from tasks.runtime.stage_task import task_options
from tasks.runtime.stage_thread import in_thread

log = logging.getLogger("video_worker")


@task(**task_options("finish", runs_on="cpu", minutes=5))
async def finish(video_id: str, error: str | None = None) -> None:
    """Set the status to ``ready``, or to ``failed`` with the reason."""
    engine = current_run().ctx.engine
    await in_thread("finish", lambda _: set_final_status(engine, video_id, error))


@asynccontextmanager
async def failed_if_not_ingested(run: JobRun, video_id: str | None) -> AsyncIterator[None]:
    """Mark the job's video, if its row is there already, as failed when the body fails."""
    try:
        yield
    except Exception as error:
        if run.job and video_id and not run.outcome.taken_over:
            mark_failed(run.ctx.engine, video_id, reason_of(error))
        raise


@asynccontextmanager
async def final_status(run: JobRun, video_id: str) -> AsyncIterator[None]:
    """Set the video's last status at the end of the body, however it ends.

    A video that was deleted meanwhile gets none, and what the body wrote of it is removed.
    """
    try:
        yield
    except (Exception, asyncio.CancelledError) as error:
        if run.outcome.taken_over:  # the video's row is another run's by now
            raise
        if isinstance(error, asyncio.CancelledError) or is_prefect_unreachable(error):
            # A task would wait for the Prefect server, or end when it is cancelled once more.
            await asyncio.shield(asyncio.to_thread(_end_without_task, run.ctx, video_id, error))
        elif not await asyncio.shield(asyncio.to_thread(cleanup_if_deleted, run.ctx, video_id)):
            await asyncio.shield(_finish(run.ctx, video_id, reason_of(error)))
        raise
    await _finish(run.ctx, video_id)


def _end_without_task(ctx: RunContext, video_id: str, error: BaseException) -> None:
    if not cleanup_if_deleted(ctx, video_id):
        set_final_status(ctx.engine, video_id, reason_of(error))


async def _finish(ctx: RunContext, video_id: str, reason: str | None = None) -> None:
    """Set the last status by the task, or directly when the Prefect server goes away just then."""
    try:
        await run_task(finish, video_id, reason)
    except Exception as error:
        if is_prefect_unreachable(error):
            set_final_status(ctx.engine, video_id, reason)
        raise


def mark_failed(engine: Engine, video_id: str, error: str) -> None:
    """Mark a video as failed whose source was never claimed."""
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
    """Tell whether a video was deleted meanwhile, and remove what was written since."""
    try:
        get_summary(ctx.engine, video_id)
    except UnknownVideoError:
        remove_files(ctx.engine, ctx.store, video_id)
        return True
    return False
