"""The task ``frames``, between ``scenes`` and ``vision``: each on the result of the one before."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from reelworks.domain.artifact_keys import frame_name
from reelworks.pipeline.run_context import RunContext
from reelworks.pipeline.stage_cache import StageResult
from reelworks.store.db.database import transaction
from reelworks.store.library.video_status import claim_video
from tests.support.stage_tasks import normalized, run_body


def rows(ctx: RunContext, table: str, column: str) -> list[object]:
    with transaction(ctx.engine) as connection:
        query = text(f"SELECT {column} FROM {table} WHERE video_id = 'clip' ORDER BY id")
        return list(connection.scalars(query))


async def test_a_scene_has_a_frame_and_the_frame_a_description(
    stage_ctx: RunContext, media: Path
) -> None:
    from tasks.frames.frames import frames
    from tasks.frames.scenes import scenes
    from tasks.frames.vision import vision

    video = await normalized(stage_ctx, media / "odd" / "single_frame.mp4")
    shots = await run_body(stage_ctx, scenes, "clip", video)
    stills = await run_body(stage_ctx, frames, "clip", video, shots)
    described = await run_body(stage_ctx, vision, "clip", stills)

    assert len(shots.result) == len(stills.result) == len(described.result.described) == 1
    key = stills.key_of(frame_name(0))
    assert key is not None
    assert (stage_ctx.store.get_bytes(key) or b"").startswith(b"\xff\xd8")  # JPEG
    assert rows(stage_ctx, "scenes", "id") == ["clip_scene_000"]
    assert rows(stage_ctx, "frames", "path") == [key]
    assert rows(stage_ctx, "frame_captions", "frame_id") == ["clip_frame_000"]
    assert described.model in [
        f"{name}@{revision}" if revision else name
        for name, revision in zip(
            rows(stage_ctx, "frame_captions", "model"),
            rows(stage_ctx, "frame_captions", "revision"),
            strict=True,
        )
    ]
    again = await run_body(stage_ctx, vision, "clip", stills)
    assert (described.cached, again.cached) == (False, True)


async def test_without_a_video_track_there_is_no_frame(stage_ctx: RunContext) -> None:
    from tasks.frames.frames import frames

    claim_video(stage_ctx.engine, "clip", original_path="/clip.mp4")
    sound = StageResult(None, {}, "0" * 64, None, cached=False)
    shots = StageResult((), {}, "1" * 64, None, cached=False)

    assert (await run_body(stage_ctx, frames, "clip", sound, shots)).result == ()
    assert rows(stage_ctx, "frames", "id") == []
