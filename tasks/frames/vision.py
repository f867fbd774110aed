"""Vision: the text, controls and description of each unique frame."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from prefect import task
from prefect.client.schemas.objects import State

from reelworks.domain.artifact_keys import frame_name
from reelworks.domain.video.scene import Frame
from reelworks.domain.video.vision import VisionResult
from reelworks.pipeline.cache_keys import vision_call
from reelworks.pipeline.capabilities import make_describer
from reelworks.pipeline.spec import Stage
from reelworks.pipeline.stage_cache import StageOutput, StageResult, item_cache
from reelworks.stages.frames import vision as verb
from reelworks.store.library.publish import publish_captions
from tasks.runtime.stage_runner import CachedStage, Summary, run_cached_stage
from tasks.runtime.stage_task import stage_task
from tasks.runtime.stage_thread import StageAttempt


@task(**stage_task(Stage.VISION))
async def vision(
    video_id: str, frames: StageResult[tuple[Frame, ...]]
) -> State[StageResult[VisionResult]]:
    """Describe the frames that are no duplicates and write their rows."""

    def prepare(attempt: StageAttempt) -> CachedStage[VisionResult]:
        ctx, describer = attempt.ctx, make_describer(attempt.ctx.settings)

        def compute(_: Path) -> StageOutput[VisionResult]:
            items = item_cache(Stage.VISION, ctx, video_id)
            jpegs = partial(_read_jpeg, attempt, frames)
            found = verb.describe_frames(frames.result, jpegs, describer, items, attempt.progress)
            return StageOutput(found, final=not found.undescribed)

        def publish(found: StageResult[VisionResult]) -> None:
            publish_captions(ctx.engine, video_id, found.result, model=str(describer.model))

        return CachedStage(vision_call(video_id, frames, describer.model), compute, publish)

    return await run_cached_stage(
        Stage.VISION, prepare, Summary(lambda found: len(found.described), "frames", _warnings)
    )


def _read_jpeg(attempt: StageAttempt, frames: StageResult[tuple[Frame, ...]], one: Frame) -> bytes:
    return attempt.ctx.fetch(frames.artifacts[frame_name(one.index)]).read_bytes()


def _warnings(found: VisionResult) -> tuple[str, ...]:
    return tuple(
        f"Frame {frame.frame_index} has no description: {frame.reason}"
        for frame in found.undescribed
    )
