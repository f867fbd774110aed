"""Frames: the picture that stands for each scene."""

from __future__ import annotations

import logging
from pathlib import Path

from prefect import task
from prefect.client.schemas.objects import State

from reelworks.domain.jobs.progress import Progress
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.video import NormalizedVideo
from reelworks.pipeline.cache_keys import frames_call
from reelworks.pipeline.stage_cache import StageOutput, StageResult, get_or_compute
from reelworks.stages.frames import frames as verb
from reelworks.store.library.publish import publish_frames
from tasks.runtime.current_run import current_run
from tasks.runtime.stage_runner import run_stage, stage_task

log = logging.getLogger("video_worker")


@task(**stage_task("frames", runs_on="cpu", minutes=120))
async def frames(
    video_id: str,
    normalized: StageResult[NormalizedVideo | None],
    scenes: StageResult[tuple[Scene, ...]],
) -> State[StageResult[tuple[Frame, ...]]]:
    """Write ``frames/{id}/scene_*.jpg`` and the frames' rows."""
    ctx = current_run().ctx
    params = verb.FrameParams()

    def work(progress: Progress) -> StageResult[tuple[Frame, ...]]:
        sources = [normalized.artifacts.get(name) for name in ("normalized.mp4", "proxy.mp4")]
        question = frames_call(video_id, normalized, scenes, params)

        def compute(room: Path) -> StageOutput[tuple[Frame, ...]]:
            video, proxy = (ctx.fetch(source) if source else None for source in sources)
            if video is None or proxy is None:
                return StageOutput(())
            picked = verb.pick_frames(video, proxy, scenes.result, params, room, progress)
            names = [file_name(frame) for frame in picked]
            return StageOutput(picked, {name: room / name for name in names})

        answer = get_or_compute(question, compute, ctx, go_on=lambda: progress(0, 1))
        keys = {frame.index: answer.artifacts[file_name(frame)].key for frame in answer.result}
        publish_frames(ctx.engine, video_id, answer.result, paths=keys)
        log.info("FRAMES %s: %d", video_id, len(answer.result))
        return answer

    return await run_stage("frames", work, count=len, unit="frames")


def file_name(frame: Frame) -> str:
    """Return the name of a frame's JPEG."""
    return f"scene_{frame.index:03d}.jpg"
