"""Which source in the bucket is whose, when rows come back from documents and files alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from reelworks.operations.restore import restore_library
from reelworks.pipeline.run_context import Workplace, open_workplace
from reelworks.settings import Settings
from reelworks.store.db.database import transaction
from reelworks.store.library.video_metadata import write_metadata
from reelworks.store.library.video_writes import NewVideo, add_video, media_keys


@pytest.fixture
def place(clean_settings: Settings) -> Iterator[Workplace]:
    with open_workplace(clean_settings) as made:
        yield made


def test_a_source_that_a_document_names_is_given_to_no_other_video(place):
    shared, own = "uploads/v_team_meeting.mp4", "uploads/v_team_other.mp4"
    for key in (shared, own, "processed/v_team/proxy.mp4"):
        place.store.put_bytes(key, b"x", "video/mp4")
    noted = NewVideo("v", f"s3://b/{shared}", "Team meeting", upload_path=shared, sha256="0" * 64)
    add_video(place.engine, noted)
    write_metadata(place.engine, place.store, "v")
    with transaction(place.engine) as connection:
        connection.execute(text("DELETE FROM videos"))

    done = restore_library(place.engine, place.store)

    assert sorted(done.videos) == ["v", "v_team"]
    assert media_keys(place.engine, "v").upload == shared
    assert media_keys(place.engine, "v_team").upload == own
