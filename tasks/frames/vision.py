"""Vision: what each unique frame shows."""

from __future__ import annotations

import logging
from pathlib import Path

from prefect import task
from prefect.client.schemas.objects import State

from reelworks.domain.jobs.progress import Progress
from reelworks.domain.video.scene import Frame
from reelworks.domain.video.vision import VisionResult
from reelworks.pipeline.cache_keys import vision_call
from reelworks.pipeline.capabilities import make_describer
from reelworks.pipeline.stage_cache import StageOutput, StageResult, get_or_compute, items_of
from reelworks.stages.frames import vision as verb
from reelworks.store.library.publish import publish_captions
from tasks.frames.frames import file_name
from tasks.runtime.current_run import current_run
from tasks.runtime.stage_runner import run_stage, stage_task

log = logging.getLogger("video_worker")


@task(**stage_task("vision", runs_on="gpu", minutes=360))
async def vision(
    video_id: str, frames: StageResult[tuple[Frame, ...]]
) -> State[StageResult[VisionResult]]:
    """Describe the frames that are no duplicates and write their rows."""
    ctx = current_run().ctx

    def work(progress: Progress) -> StageResult[VisionResult]:
        describer = make_describer(ctx.settings)
        question = vision_call(video_id, frames, describer.model)

        def read_jpeg(frame: Frame) -> bytes:
            return ctx.fetch(frames.artifacts[file_name(frame)]).read_bytes()

        def compute(_: Path) -> StageOutput[VisionResult]:
            items = items_of("vision", ctx, video_id)
            seen = verb.describe_frames(frames.result, read_jpeg, describer, items, progress)
            return StageOutput(seen, final=not seen.undescribed)

        answer = get_or_compute(question, compute, ctx, go_on=lambda: progress(0, 1))
        publish_captions(ctx.engine, video_id, answer.result, model=str(describer.model))
        log.info("VISION %s: %d frames described", video_id, len(answer.result.described))
        return answer

    return await run_stage(
        "vision",
        work,
        count=lambda seen: len(seen.described),
        unit="frames",
        warnings=lambda seen: tuple(
            f"Frame {frame.frame_index} has no description: {frame.reason}"
            for frame in seen.undescribed
        ),
    )
