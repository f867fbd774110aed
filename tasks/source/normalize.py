"""Normalization: any video track becomes H.264 at 30 fps, with a proxy from the same decode."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.client.schemas.objects import State

from reelworks.domain.artifact_keys import NORMALIZED
from reelworks.domain.video.video import NormalizedVideo
from reelworks.pipeline.cache_keys import normalize_call
from reelworks.pipeline.spec import Stage
from reelworks.pipeline.stage_cache import StageOutput, StageResult
from reelworks.stages.source import normalize as verb
from reelworks.store.library.publish import publish_normalized
from tasks.runtime.stage_runner import CachedStage, Summary, run_cached_stage
from tasks.runtime.stage_task import stage_task
from tasks.runtime.stage_thread import StageAttempt
from tasks.source.ingest import Ingested

Normalized = NormalizedVideo | None
_SUMMARY: Summary[Normalized] = Summary(
    count=lambda made: made.frames if made else 0,
    unit="frames",
    warnings=lambda made: made.warnings if made else (),
    log_word="NORMALIZED",
)


@task(**stage_task(Stage.NORMALIZE))
async def normalize(video: Ingested) -> State[StageResult[Normalized]]:
    """Write ``processed/{id}/normalized.mp4`` and ``proxy.mp4``; None for sound alone."""

    def prepare(attempt: StageAttempt) -> CachedStage[Normalized]:
        ctx, params = attempt.ctx, verb.NormalizeParams(encoder=attempt.ctx.settings.video.encoder)

        def compute(folder: Path) -> StageOutput[Normalized]:
            with ctx.reading(video.upload) as source:
                made = verb.normalize(source, video.probe, params, folder, attempt.progress)
            return StageOutput.of_files(made.video, made.video_path, made.proxy_path)

        def publish(made: StageResult[Normalized]) -> None:
            key = made.key_of(NORMALIZED)
            publish_normalized(ctx.engine, video.video_id, made.result, normalized_path=key)

        call = normalize_call(video.video_id, video.sha256, params, video.revised)
        return CachedStage(call, compute, publish)

    return await run_cached_stage(Stage.NORMALIZE, prepare, _SUMMARY)
