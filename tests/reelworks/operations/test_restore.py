"""Which source in the bucket is whose, when rows come back from documents and files alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from reelworks.operations.restore import restore_library
from reelworks.pipeline.run_context import RunContext, open_run_context
from reelworks.settings import Settings
from reelworks.store.db.database import transaction
from reelworks.store.library.video_metadata import write_metadata
from reelworks.store.library.video_writes import NewVideo, add_video, media_keys


@pytest.fixture
def ctx(clean_settings: Settings) -> Iterator[RunContext]:
    with open_run_context(clean_settings) as made:
        yield made


def test_a_source_that_a_document_names_is_given_to_no_other_video(ctx):
    shared, own = "uploads/v_team_meeting.mp4", "uploads/v_team_other.mp4"
    for key in (shared, own, "processed/v_team/proxy.mp4"):
        ctx.store.put_bytes(key, b"x", "video/mp4")
    noted = NewVideo("v", f"s3://b/{shared}", "Team meeting", upload_path=shared, sha256="0" * 64)
    add_video(ctx.engine, noted)
    write_metadata(ctx.engine, ctx.store, "v")
    with transaction(ctx.engine) as connection:
        connection.execute(text("DELETE FROM videos"))

    done = restore_library(ctx.engine, ctx.store)

    assert sorted(done.videos) == ["v", "v_team"]
    assert media_keys(ctx.engine, "v").upload == shared
    assert media_keys(ctx.engine, "v_team").upload == own
