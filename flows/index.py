"""Index a video: raw video in, searchable content out."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any, ClassVar

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from pydantic import Field

from reelworks.domain.jobs.job import FORMER_PARAMS
from reelworks.domain.jobs.result import JobResult
from reelworks.operations.parameters import AudioTrackNumber, Language, Library, VideoId
from reelworks.pipeline.spec import Stage
from reelworks.stages.source.ingest import without_secrets
from tasks.frames.frames import frames
from tasks.frames.scenes import scenes
from tasks.frames.vision import vision
from tasks.runtime.finish import failed_if_not_ingested, final_status
from tasks.runtime.flow_params import FlowParams
from tasks.runtime.jobs.job_lease import JobRef
from tasks.runtime.jobs.job_run import JobRun, run_job
from tasks.runtime.secret_sources import source_of_run
from tasks.runtime.stage_runner import run_task
from tasks.source.extract_audio import extract_audio
from tasks.source.ingest import Ingested, ingest
from tasks.source.normalize import normalize
from tasks.speech.transcribe import transcribe
from tasks.text.embed import embed_picture, embed_speech


class IndexParams(FlowParams):
    """What to index."""

    former_names: ClassVar[Mapping[str, str]] = FORMER_PARAMS

    source: str = Field(
        title="Source",
        description=(
            "A path on the worker, an http(s) URL or s3://bucket/key. Prefect stores what is "
            "typed here in plain text: give a URL with a password or signature to the API or to "
            "reelworks index, which keep it out of Prefect."
        ),
        examples=["s3://reelworks/incoming/talk.mp4"],
    )
    video_id: VideoId | None = Field(
        None,
        title="Video id",
        description="Id of the video in the library. Empty: made from file name and content.",
    )
    language: Language | None = Field(
        None,
        title="Language",
        description="Spoken language as a two-letter code. Empty: as stated before, or detected.",
    )
    library: Library | None = Field(
        None,
        title="Library",
        description="Library that the video belongs to. Empty: its present one, or `default`.",
    )
    audio_track: AudioTrackNumber | None = Field(
        None,
        title="Audio track",
        description=(
            "Number of the audio track to transcribe, from 1. Empty: as stated before, or the "
            "default track unless another has more speech."
        ),
    )
    recompute: list[Stage] = Field(
        default_factory=list,
        title="Recompute",
        description="Stages to compute even if their results are cached.",
    )
    cached_only: bool = Field(
        False,
        title="Cached only",
        description="Take every result from the cache, and fail rather than compute one.",
    )
    job: JobRef | None = Field(
        None, title="Job", description="The job that this run does. Leave it empty."
    )


def _run_name() -> str:
    """Name a run in Prefect's UI and logs by its source, without a password or signature."""
    params = flow_run.parameters["params"]
    source = params["source"] if isinstance(params, dict) else params.source
    return f"index {without_secrets(source)}"


@flow(name="index", description=__doc__, flow_run_name=_run_name, persist_result=False)
async def index(params: IndexParams) -> str | State[str]:
    """Run the stages of one video and return its id."""
    graph = partial(_index, params)
    return await run_job(
        params.job, graph, recompute=params.recompute, cached_only=params.cached_only
    )


async def _index(params: IndexParams, run: JobRun) -> str:
    """The graph: ingest, then the audio and the video side by side.

    Speech needs only the audio, frames need only the video track, and each side's vectors follow
    when that side is ready.
    """
    async with failed_if_not_ingested(run, params.video_id):
        source = await asyncio.to_thread(source_of_run, params.source, run.job, run.ctx)
        stated = (params.video_id, params.library, params.language, params.audio_track)
        ingested = await run_task(ingest, source, *stated)
    video: Ingested = ingested.result
    async with final_status(run, video.video_id):
        await _all(_speech(video), _frames(video))
    run.outcome.result = JobResult(video_id=video.video_id)
    return video.video_id


async def _speech(video: Ingested) -> None:
    audio = await run_task(extract_audio, video)
    transcript = await run_task(transcribe, video.video_id, audio, video.language)
    await run_task(embed_speech, video.video_id, transcript)


async def _frames(video: Ingested) -> None:
    normalized = await run_task(normalize, video)
    shots = await run_task(scenes, video.video_id, normalized, video.library)
    stills = await run_task(frames, video.video_id, normalized, shots)
    described = await run_task(vision, video.video_id, stills)
    await run_task(embed_picture, video.video_id, described)


async def _all(*sides: Coroutine[Any, Any, None]) -> None:
    """Let every side end before the first error is raised, so that finished work is cached."""
    outcomes = await asyncio.gather(*sides, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
