"""Scenes: where the picture cuts."""

from __future__ import annotations

import logging
from pathlib import Path

from prefect import task
from prefect.client.schemas.objects import State

from reelworks.domain.jobs.progress import Progress
from reelworks.domain.library.library import DEFAULT_LIBRARY
from reelworks.domain.video.scene import Scene
from reelworks.domain.video.video import NormalizedVideo
from reelworks.pipeline.cache_keys import scenes_call
from reelworks.pipeline.capabilities import make_shot_detector, preload_for_pictures
from reelworks.pipeline.stage_cache import StageOutput, StageResult, get_or_compute
from reelworks.stages.frames import scenes as verb
from reelworks.store.library.publish import CUT_DETECTOR, publish_scenes
from tasks.runtime.current_run import current_run
from tasks.runtime.stage_runner import run_stage, stage_task

log = logging.getLogger("video_worker")


@task(**stage_task("scenes", runs_on="gpu", minutes=120))
async def scenes(
    video_id: str, normalized: StageResult[NormalizedVideo | None], library: str = DEFAULT_LIBRARY
) -> State[StageResult[tuple[Scene, ...]]]:
    """Find the shots on the proxy and write their rows."""
    ctx = current_run().ctx
    params = verb.SceneParams(profile=ctx.settings.scene_profile)

    def work(progress: Progress) -> StageResult[tuple[Scene, ...]]:
        film = params.profile != "screencast"
        shots = make_shot_detector(ctx.settings, library) if film else None
        proxy = normalized.artifacts.get("proxy.mp4")
        question = scenes_call(video_id, normalized, params, shots.model if shots else None)

        def compute(_: Path) -> StageOutput[tuple[Scene, ...]]:
            preload_for_pictures(ctx.settings)
            if proxy is None:
                return StageOutput(())
            return StageOutput(verb.detect_scenes(ctx.fetch(proxy), params, progress, shots=shots))

        answer = get_or_compute(question, compute, ctx, go_on=lambda: progress(0, 1))
        publish_scenes(
            ctx.engine, video_id, answer.result, str(shots.model) if shots else CUT_DETECTOR
        )
        log.info("SCENES %s: %d", video_id, len(answer.result))
        return answer

    return await run_stage("scenes", work, count=len, unit="scenes")
