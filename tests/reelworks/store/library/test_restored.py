"""Rows of videos come back from their documents; those that are there stay as they are."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.jobs.job import NewJob
from reelworks.store.db.database import transaction
from reelworks.store.jobs.jobs import add_jobs
from reelworks.store.library.restored import insert_videos
from reelworks.store.library.video_metadata import VideoMetadata
from reelworks.store.library.video_reads import get_summary
from reelworks.store.library.video_status import claim_video

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def document(video_id: str) -> VideoMetadata:
    return VideoMetadata(
        video_id, "A\x00 talk", "talks", "en", "/talk.mp4", None, "0" * 64, "ann", NOON
    )


@pytest.fixture(autouse=True)
def empty(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("TRUNCATE videos CASCADE"))


def test_a_video_comes_back_with_what_people_said_of_it(engine: Engine) -> None:
    (one,) = insert_videos(engine, [document("v")], with_source={"v"})
    assert (one.id, one.is_new, one.is_due, one.has_source) == ("v", True, True, True)
    found = get_summary(engine, "v")
    assert (found.title, found.library, found.added_by) == ("A talk", "talks", "ann")
    assert (found.created_at, found.status) == (NOON, "pending")
    assert insert_videos(engine, [], with_source=()) == []


def test_what_is_there_stays_and_is_due_only_without_a_job(engine: Engine) -> None:
    claim_video(engine, "claimed", original_path="/mine.mp4", library="films")
    insert_videos(engine, [document("queued"), document("waiting")], with_source=())
    add_jobs(engine, [NewJob("j", "queued")])

    documents = [document(one) for one in ("claimed", "queued", "waiting", "new")]
    found = {one.id: one for one in insert_videos(engine, documents, with_source={"new"})}

    assert [name for name, one in found.items() if one.is_new] == ["new"]
    assert [name for name, one in found.items() if one.is_due] == ["waiting", "new"]
    assert [name for name, one in found.items() if one.has_source] == ["new"]
    assert get_summary(engine, "claimed").library == "films"
