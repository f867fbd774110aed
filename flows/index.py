"""Index a video: raw video in, searchable content out."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Cancelled
from pydantic import BaseModel, Field

from blocks.connections import current_settings
from blocks.worker_log import worker_log
from reelworks.domain.jobs.stage import Stage
from reelworks.errors import LeaseLostError
from reelworks.pipeline.run_context import RunContext, open_run_context
from reelworks.stages.source.ingest import without_secrets
from tasks.frames.frames import frames
from tasks.frames.scenes import scenes
from tasks.frames.vision import vision
from tasks.runtime.current_run import run_context
from tasks.runtime.finish import cleanup_if_deleted, finish, mark_failed, set_final_status
from tasks.runtime.job_lease import JobOutcome, JobRef, job_lease
from tasks.runtime.prefect_outage import (
    is_prefect_unreachable,
    probe_prefect,
    restore_prefect_retries,
)
from tasks.runtime.secret_sources import source_of_run
from tasks.runtime.stage_runner import reason_of, run
from tasks.source.extract_audio import extract_audio
from tasks.source.ingest import Ingested, ingest
from tasks.source.normalize import normalize
from tasks.speech.transcribe import transcribe
from tasks.text.embed import embed_picture, embed_speech


class IndexParams(BaseModel):
    """What to index."""

    source: str = Field(
        title="Source",
        description=(
            "A path on the worker, an http(s) address or s3://bucket/key. Prefect keeps what is "
            "typed here in clear: give an address with a password or signature to the API or to "
            "reelworks index, which keep it out of Prefect."
        ),
        examples=["s3://reelworks/incoming/talk.mp4"],
    )
    video_id: str | None = Field(
        None,
        title="Id",
        description="Name of the video in the library. Empty: made from file name and content.",
    )
    language: str | None = Field(
        None,
        title="Language",
        description="Spoken language as a two-letter code. Empty: as stated before, or detected.",
        pattern="^[a-z]{2,3}$",
    )
    library: str | None = Field(
        None,
        title="Library",
        description="Group that the video belongs to. Empty: where it is, or `default`.",
        pattern="^[a-z0-9_-]{1,63}$",
    )
    recompute: list[Stage] = Field(
        default_factory=list,
        title="Again",
        description="Stages to run although their answers are kept.",
    )
    cached_only: bool = Field(
        False,
        title="Cached only",
        description="Take every answer from the cache, and fail rather than compute one.",
    )
    job: JobRef | None = Field(
        None, title="Job", description="The ledger's job that this run does. Leave it empty."
    )


def _run_name() -> str:
    """Name a run in Prefect's UI and logs by its source, without a password or signature."""
    params = flow_run.parameters["params"]
    source = params["source"] if isinstance(params, dict) else params.source
    return f"index {without_secrets(source)}"


@flow(name="index", description=__doc__, flow_run_name=_run_name, persist_result=False)
async def index(params: IndexParams) -> str | State[str]:
    """Run the stages of one video and return its id.

    Speech needs only the sound and pictures need only the picture, so the two sides run side by
    side and each side's vectors follow when that side is ready.
    """
    restore_prefect_retries()
    settings = await current_settings()
    with worker_log(settings), open_run_context(settings) as ctx:
        try:
            async with job_lease(params.job, ctx) as work:
                with run_context(ctx, params.recompute, cached_only=params.cached_only):
                    video_id = await _index(params, ctx, work)
                work.result |= {"video_id": video_id}
        except LeaseLostError as lost:
            return Cancelled(message=str(lost))
        await probe_prefect()
        return video_id


async def _index(params: IndexParams, ctx: RunContext, work: JobOutcome) -> str:
    source = await asyncio.to_thread(source_of_run, params.source, work.job, ctx)
    try:
        asked = await run(ingest, source, params.video_id, params.library, params.language)
    except Exception as error:
        if params.job and params.video_id and not work.taken_over:
            mark_failed(ctx.engine, params.video_id, reason_of(error))
        raise
    video: Ingested = asked.result
    try:
        await _both(_speech(video), _picture(video))
    except (Exception, asyncio.CancelledError) as error:
        if work.taken_over:  # the video's row is another run's by now
            raise
        if await asyncio.shield(asyncio.to_thread(cleanup_if_deleted, ctx, video.video_id)):
            raise
        if is_prefect_unreachable(error):  # a task would only wait for the Prefect server
            set_final_status(ctx.engine, video.video_id, reason_of(error))
        else:
            await asyncio.shield(_end(ctx, video.video_id, reason_of(error)))
        raise
    await _end(ctx, video.video_id)
    return video.video_id


async def _end(ctx: RunContext, video_id: str, reason: str | None = None) -> None:
    """Write the video's last status, also when the Prefect server goes away just then."""
    try:
        await run(finish, video_id, reason)
    except Exception as error:
        if is_prefect_unreachable(error):
            set_final_status(ctx.engine, video_id, reason)
        raise


async def _speech(video: Ingested) -> None:
    audio = await run(extract_audio, video)
    transcript = await run(transcribe, video.video_id, audio, video.language)
    await run(embed_speech, video.video_id, transcript)


async def _picture(video: Ingested) -> None:
    normalized = await run(normalize, video)
    shots = await run(scenes, video.video_id, normalized, video.library)
    stills = await run(frames, video.video_id, normalized, shots)
    seen = await run(vision, video.video_id, stills)
    await run(embed_picture, video.video_id, seen)


async def _both(*sides: Coroutine[Any, Any, None]) -> None:
    """Let every side end before the first error is raised, so that finished work is kept."""
    outcomes = await asyncio.gather(*sides, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
