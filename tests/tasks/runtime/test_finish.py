"""A video's last status, also of one that was deleted meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reelworks.domain.library.library import VideoStatus
from reelworks.errors import UnknownVideoError
from reelworks.pipeline.run_context import RunContext, open_run_context
from reelworks.settings import Settings
from reelworks.store.library.video_reads import get_summary
from reelworks.store.library.video_status import claim_video
from tasks.runtime.finish import cleanup_if_deleted, mark_failed, set_final_status


@pytest.fixture
def ctx(clean_settings: Settings, bucket: str) -> Iterator[RunContext]:
    with open_run_context(clean_settings) as ctx:
        yield ctx


@pytest.mark.parametrize(
    ("error", "status"), [(None, VideoStatus.READY), ("It is empty.", VideoStatus.FAILED)]
)
def test_a_run_s_end_is_the_video_s_status(
    ctx: RunContext, error: str | None, status: VideoStatus
) -> None:
    claim_video(ctx.engine, "v", original_path="/v.mp4")
    set_final_status(ctx.engine, "v", error)
    found = get_summary(ctx.engine, "v")
    assert (found.status, found.error) == (status.value, error)


def test_a_video_that_is_gone_cannot_be_marked_and_ends_no_run(ctx: RunContext) -> None:
    mark_failed(ctx.engine, "gone", "It is empty.")
    with pytest.raises(UnknownVideoError):
        set_final_status(ctx.engine, "gone", None)


def test_what_was_written_of_a_deleted_video_is_removed(ctx: RunContext) -> None:
    claim_video(ctx.engine, "v", original_path="/v.mp4")
    for video_id in ("v", "gone"):
        ctx.store.put_bytes(f"subs/{video_id}.srt", b"1", "text/plain")

    assert not cleanup_if_deleted(ctx, "v")
    assert cleanup_if_deleted(ctx, "gone")
    assert ctx.store.get_bytes("subs/v.srt") == b"1"
    assert ctx.store.get_bytes("subs/gone.srt") is None
