"""The task ``scenes``: its rows name what found the shots."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from reelworks.pipeline.run_context import RunContext
from reelworks.pipeline.stage_cache import StageResult
from reelworks.store.db.database import transaction
from reelworks.store.library.publish import CUT_DETECTOR
from reelworks.store.library.video_status import claim_video
from tests.support.stage_tasks import normalized, run_body


@pytest.mark.parametrize("profile", ["auto", "screencast"])
async def test_a_short_film_is_one_scene_whatever_its_profile(
    stage_ctx: RunContext, media: Path, profile: str
) -> None:
    from tasks.frames.scenes import scenes

    video = await normalized(stage_ctx, media / "odd" / "single_frame.mp4")
    profiled = replace(stage_ctx, settings=stage_ctx.settings.with_values(scene_profile=profile))
    made = await run_body(profiled, scenes, "clip", video)

    assert [scene.index for scene in made.result] == [0]
    with transaction(stage_ctx.engine) as connection:
        (row,) = connection.execute(text("SELECT id, model, t_start FROM scenes"))
    assert (row.id, row.t_start) == ("clip_scene_000", 0.0)
    assert CUT_DETECTOR.startswith(row.model)


async def test_without_a_video_track_there_is_no_scene(stage_ctx: RunContext) -> None:
    from tasks.frames.scenes import scenes

    claim_video(stage_ctx.engine, "clip", original_path="/clip.mp4")
    sound = StageResult(None, {}, "0" * 64, None, cached=False)

    assert (await run_body(stage_ctx, scenes, "clip", sound)).result == ()
