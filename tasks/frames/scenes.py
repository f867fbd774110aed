"""Scenes: the shots between a video's cuts."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.client.schemas.objects import State

from reelworks.domain.artifact_keys import PROXY
from reelworks.domain.library.library import DEFAULT_LIBRARY
from reelworks.domain.video.scene import Scene
from reelworks.domain.video.video import NormalizedVideo
from reelworks.pipeline.cache_keys import scenes_call
from reelworks.pipeline.capabilities import make_shot_detector, preload_for_pictures
from reelworks.pipeline.spec import Stage
from reelworks.pipeline.stage_cache import StageOutput, StageResult
from reelworks.stages.frames import scenes as verb
from reelworks.store.library.publish import CUT_DETECTOR, publish_scenes
from tasks.runtime.stage_runner import CachedStage, Summary, run_cached_stage
from tasks.runtime.stage_task import stage_task
from tasks.runtime.stage_thread import StageAttempt

Scenes = tuple[Scene, ...]


@task(**stage_task(Stage.SCENES))
async def scenes(
    video_id: str, normalized: StageResult[NormalizedVideo | None], library: str = DEFAULT_LIBRARY
) -> State[StageResult[Scenes]]:
    """Find the shots on the proxy and write their rows."""

    def prepare(attempt: StageAttempt) -> CachedStage[Scenes]:
        ctx, settings = attempt.ctx, attempt.ctx.settings
        params = verb.SceneParams(profile=settings.scenes.profile)
        detector = None if params.profile == "screencast" else make_shot_detector(settings, library)
        model = detector.model if detector else None

        def compute(_: Path) -> StageOutput[Scenes]:
            preload_for_pictures(settings)
            proxy = attempt.fetch(normalized, PROXY)
            if proxy is None:
                return StageOutput(())
            return StageOutput(verb.detect_scenes(proxy, params, attempt.progress, shots=detector))

        def publish(found: StageResult[Scenes]) -> None:
            publish_scenes(ctx.engine, video_id, found.result, str(model or CUT_DETECTOR))

        return CachedStage(scenes_call(video_id, normalized, params, model), compute, publish)

    return await run_cached_stage(Stage.SCENES, prepare, Summary(len, "scenes"))
