"""Embedding: texts become vectors, for search by meaning."""

from __future__ import annotations

import logging

from prefect import task
from prefect.client.schemas.objects import State
from sqlalchemy import Engine

from reelworks.domain.video.transcript import Transcript
from reelworks.domain.video.vision import VisionResult
from reelworks.pipeline.spec import Stage
from reelworks.pipeline.stage_cache import StageResult
from reelworks.pipeline.video_vectors import (
    Texts,
    Vectors,
    embed_and_publish,
    embedders_for,
    searchable,
)
from reelworks.store.search.publish_vectors import publish_caption_vectors, publish_segment_vectors
from tasks.runtime.stage_runner import Summary, run_stage
from tasks.runtime.stage_task import stage_task
from tasks.runtime.stage_thread import StageAttempt

log = logging.getLogger("video_worker")


@task(**stage_task(Stage.EMBED_SPEECH))
async def embed_speech(
    video_id: str, transcript: StageResult[Transcript]
) -> State[StageResult[int]]:
    """Give each transcript segment its vector."""
    texts = [segment.text for segment in transcript.result.segments]
    return await _embed(Texts(Stage.EMBED_SPEECH.value, video_id, texts, publish_segment_vectors))


@task(**stage_task(Stage.EMBED_PICTURE))
async def embed_picture(video_id: str, seen: StageResult[VisionResult]) -> State[StageResult[int]]:
    """Give each frame's description its vector."""
    texts = [searchable(described.description) for described in seen.result.described]

    def publish(engine: Engine, video_id: str, vectors: Vectors, model: str) -> None:
        indexes = [described.frame_index for described in seen.result.described]
        by_frame = dict(zip(indexes, vectors, strict=True))
        publish_caption_vectors(engine, video_id, by_frame, model)

    return await _embed(Texts(Stage.EMBED_PICTURE.value, video_id, texts, publish))


async def _embed(texts: Texts) -> State[StageResult[int]]:
    def work(attempt: StageAttempt) -> StageResult[int]:
        ctx = attempt.ctx
        embedders = embedders_for(ctx.settings, ctx.engine)
        result = embed_and_publish(texts, embedders, ctx, attempt.progress, attempt.check_cancelled)
        log.info("EMBEDDINGS %s: %d texts (%s)", texts.video_id, len(texts.texts), texts.stage)
        return result

    return await run_stage(texts.stage, work, Summary(int, "texts"))
