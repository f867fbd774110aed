"""Frames: one representative frame of each scene."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.client.schemas.objects import State

from reelworks.domain.artifact_keys import NORMALIZED, PROXY, frame_name
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.video import NormalizedVideo
from reelworks.pipeline.cache_keys import frames_call
from reelworks.pipeline.spec import Stage
from reelworks.pipeline.stage_cache import StageOutput, StageResult
from reelworks.stages.frames import frames as verb
from reelworks.store.library.publish import publish_frames
from tasks.runtime.stage_runner import CachedStage, Summary, run_cached_stage
from tasks.runtime.stage_task import stage_task
from tasks.runtime.stage_thread import StageAttempt

Frames = tuple[Frame, ...]


@task(**stage_task(Stage.FRAMES))
async def frames(
    video_id: str,
    normalized: StageResult[NormalizedVideo | None],
    scenes: StageResult[tuple[Scene, ...]],
) -> State[StageResult[Frames]]:
    """Write ``frames/{id}/scene_*.jpg`` and the frames' rows."""

    def prepare(attempt: StageAttempt) -> CachedStage[Frames]:
        ctx, params = attempt.ctx, verb.FrameParams()

        def compute(folder: Path) -> StageOutput[Frames]:
            video, proxy = (attempt.fetch(normalized, name) for name in (NORMALIZED, PROXY))
            if video is None or proxy is None:
                return StageOutput(())
            picked = verb.pick_frames(video, proxy, scenes.result, params, folder, attempt.progress)
            return StageOutput.of_files(picked, *(folder / frame_name(f.index) for f in picked))

        def publish(picked: StageResult[Frames]) -> None:
            keys = {f.index: picked.artifacts[frame_name(f.index)].key for f in picked.result}
            publish_frames(ctx.engine, video_id, picked.result, paths=keys)

        return CachedStage(frames_call(video_id, normalized, scenes, params), compute, publish)

    return await run_cached_stage(Stage.FRAMES, prepare, Summary(len, "frames"))
