"""Normalize: any picture becomes H.264 at 30 fps, with a small proxy from the same decode."""

from __future__ import annotations

import logging
from pathlib import Path

from prefect import task
from prefect.client.schemas.objects import State

from reelworks.domain.jobs.progress import Progress
from reelworks.domain.video.video import NormalizedVideo
from reelworks.pipeline.cache_keys import normalize_call
from reelworks.pipeline.stage_cache import StageOutput, StageResult, get_or_compute
from reelworks.stages.source import normalize as verb
from reelworks.store.library.publish import publish_normalized
from tasks.runtime.current_run import current_run
from tasks.runtime.stage_runner import run_stage, stage_task
from tasks.source.ingest import Ingested

log = logging.getLogger("video_worker")


@task(**stage_task("normalize", runs_on="gpu", minutes=600))
async def normalize(video: Ingested) -> State[StageResult[NormalizedVideo | None]]:
    """Write ``processed/{id}/normalized.mp4`` and ``proxy.mp4``; None for sound alone."""
    ctx = current_run().ctx
    params = verb.NormalizeParams(encoder=ctx.settings.video_encoder)

    def work(progress: Progress) -> StageResult[NormalizedVideo | None]:
        question = normalize_call(video.video_id, video.sha256, params)

        def compute(room: Path) -> StageOutput[NormalizedVideo | None]:
            with ctx.reading(video.upload) as source:
                made = verb.normalize(source, video.probe, params, room, progress)
            paths = (made.video_path, made.proxy_path)
            return StageOutput(made.video, {path.name: path for path in paths if path})

        answer = get_or_compute(question, compute, ctx, go_on=lambda: progress(0, 1))
        path = answer.artifacts.get("normalized.mp4")
        publish_normalized(
            ctx.engine, video.video_id, answer.result, normalized_path=path.key if path else None
        )
        log.info("NORMALIZED %s", video.video_id)
        return answer

    return await run_stage(
        "normalize",
        work,
        count=lambda made: made.frames if made else 0,
        unit="frames",
        warnings=lambda made: made.warnings if made else (),
    )
