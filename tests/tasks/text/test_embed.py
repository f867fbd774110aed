"""The tasks ``embed_speech`` and ``embed_picture``: texts of rows get vectors."""

from __future__ import annotations

from sqlalchemy import text

from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.domain.video.vision import VisionResult
from reelworks.pipeline.run_context import RunContext
from reelworks.pipeline.stage_cache import StageResult
from reelworks.store.db.database import transaction
from reelworks.store.library.publish import publish_transcript
from reelworks.store.library.video_status import claim_video
from tests.support.stage_tasks import run_body


async def test_each_segment_gets_a_vector_of_the_configured_model(stage_ctx: RunContext) -> None:
    from tasks.text.embed import embed_speech

    spoken = Transcript("en", (Segment(0.0, 1.0, "A red boat."), Segment(1.0, 2.0, "Two cats.")))
    claim_video(stage_ctx.engine, "clip", original_path="/clip.mp4")
    publish_transcript(stage_ctx.engine, "clip", spoken, "local/whisper")
    transcript = StageResult(spoken, {}, "1" * 64, "local/whisper", cached=False)

    made = await run_body(stage_ctx, embed_speech, "clip", transcript)
    again = await run_body(stage_ctx, embed_speech, "clip", transcript)

    assert (made.result, made.cached, again.cached) == (2, False, True)
    with transaction(stage_ctx.engine) as connection:
        query = text("SELECT embedding_model FROM transcript_segments WHERE embedding IS NOT NULL")
        assert list(connection.scalars(query)) == [made.model, made.model]


async def test_a_video_without_pictures_has_nothing_to_embed(stage_ctx: RunContext) -> None:
    from tasks.text.embed import embed_picture

    claim_video(stage_ctx.engine, "clip", original_path="/clip.mp4")
    nothing = StageResult(VisionResult(()), {}, "2" * 64, None, cached=False)

    assert (await run_body(stage_ctx, embed_picture, "clip", nothing)).result == 0
