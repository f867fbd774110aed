"""The task ``normalize``: a video and its proxy in the store, or none for sound alone."""

from __future__ import annotations

from pathlib import Path

from reelworks.domain.artifact_keys import NORMALIZED, PROXY
from reelworks.pipeline.run_context import RunContext
from reelworks.store.library.video_writes import media_keys
from tests.support.stage_tasks import normalized


async def test_video_and_proxy_are_stored_and_the_row_names_the_video(
    stage_ctx: RunContext, media: Path
) -> None:
    made = await normalized(stage_ctx, media / "odd" / "single_frame.mp4")
    again = await normalized(stage_ctx, media / "odd" / "single_frame.mp4")

    assert set(made.artifacts) == {NORMALIZED, PROXY}
    assert media_keys(stage_ctx.engine, "clip").normalized == made.key_of(NORMALIZED)
    assert made.result.frames >= 1
    assert (made.cached, again.cached) == (False, True)


async def test_sound_alone_is_a_result(stage_ctx: RunContext, media: Path) -> None:
    made = await normalized(stage_ctx, media / "odd" / "audio_only.m4a")

    assert (made.result, made.artifacts) == (None, {})
    assert media_keys(stage_ctx.engine, "clip").normalized is None
