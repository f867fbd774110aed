"""The task ``ingest``: a source in the store, and a row that says what became of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelworks.domain.digest import sha256_of_file
from reelworks.errors import UnsupportedMediaError
from reelworks.pipeline.run_context import RunContext
from reelworks.store.library.video_reads import get_summary
from reelworks.store.library.video_writes import media_keys
from tests.support.stage_tasks import run_body


async def test_a_source_is_claimed_stored_and_probed(stage_ctx: RunContext, media: Path) -> None:
    from tasks.source.ingest import ingest

    source = media / "odd" / "no_audio.mp4"
    made = await run_body(stage_ctx, ingest, str(source), "clip", "films", "en")
    again = await run_body(stage_ctx, ingest, str(source), "clip")

    video = made.result
    assert (video.video_id, video.library, video.language) == ("clip", "films", "en")
    assert video.sha256 == sha256_of_file(source)
    assert video.probe.duration > 0
    assert stage_ctx.store.get_bytes(video.upload.key) == source.read_bytes()
    assert media_keys(stage_ctx.engine, "clip").upload == video.upload.key
    summary = get_summary(stage_ctx.engine, "clip")
    assert (summary.status, summary.library) == ("processing", "films")
    assert (made.cached, again.cached) == (False, True)
    assert again.result == video


async def test_the_row_says_why_a_source_cannot_be_indexed(
    stage_ctx: RunContext, media: Path
) -> None:
    from tasks.source.ingest import ingest

    with pytest.raises(UnsupportedMediaError) as refused:
        await run_body(stage_ctx, ingest, str(media / "odd" / "text.mp4"), "clip")

    summary = get_summary(stage_ctx.engine, "clip")
    assert (summary.status, summary.error) == ("failed", str(refused.value))
