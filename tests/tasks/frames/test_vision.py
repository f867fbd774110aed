"""The task ``vision`` without frames; ``test_frames.py`` has it with one."""

from __future__ import annotations

from reelworks.pipeline.run_context import RunContext
from reelworks.pipeline.stage_cache import StageResult
from reelworks.store.library.video_status import claim_video
from tests.support.stage_tasks import run_body


async def test_no_frames_are_no_descriptions(stage_ctx: RunContext) -> None:
    from tasks.frames.vision import vision

    claim_video(stage_ctx.engine, "clip", original_path="/clip.mp4")
    nothing = StageResult((), {}, "0" * 64, None, cached=False)
    made = await run_body(stage_ctx, vision, "clip", nothing)

    assert (made.result.described, made.result.undescribed) == ((), ())
    assert str(made.model).startswith("local/")
