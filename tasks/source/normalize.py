"""Normalize: any picture becomes H.264 at 30 fps, with a small proxy from the same decode."""

from __future__ import annotations

import logging
from pathlib import Path

from prefect import task
from prefect.client.schemas.objects import State

from reelworks.domain.jobs.progress import Progress
from reelworks.domain.video.video import NormalizedVideo
from reelworks.pipeline.cache_keys import normalize_question
from reelworks.pipeline.stage_cache import Answer, Produced, ask
from reelworks.stages.source import normalize as verb
from reelworks.store.library.publish import publish_normalized
from tasks.runtime.current_run import here
from tasks.runtime.stage_runner import answered, stage_task
from tasks.source.ingest import Ingested

log = logging.getLogger("video_worker")


@task(**stage_task("normalize", runs_on="gpu", minutes=600))
async def normalize(video: Ingested) -> State[Answer[NormalizedVideo | None]]:
    """Write ``processed/{id}/normalized.mp4`` and ``proxy.mp4``; None for sound alone."""
    place = here().place
    params = verb.NormalizeParams(encoder=place.settings.video_encoder)

    def work(progress: Progress) -> Answer[NormalizedVideo | None]:
        question = normalize_question(video.video_id, video.sha256, params)

        def compute(room: Path) -> Produced[NormalizedVideo | None]:
            with place.reading(video.upload) as source:
                made = verb.normalize(source, video.probe, params, room, progress)
            paths = (made.video_path, made.proxy_path)
            return Produced(made.video, {path.name: path for path in paths if path})

        answer = ask(question, compute, place, go_on=lambda: progress(0, 1))
        path = answer.artifacts.get("normalized.mp4")
        publish_normalized(
            place.engine, video.video_id, answer.result, normalized_path=path.key if path else None
        )
        log.info("NORMALIZED %s", video.video_id)
        return answer

    return await answered(
        "normalize",
        work,
        count=lambda made: made.frames if made else 0,
        unit="frames",
        warnings=lambda made: made.warnings if made else (),
    )
