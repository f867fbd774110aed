"""Lists and counts of the library."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.video.vision import VisionResult
from reelworks.errors import UnknownVideoError
from reelworks.store.db.database import transaction
from reelworks.store.library.video_reads import count_all, delete_video, get_summary, list_videos
from reelworks.store.library.video_writes import NewVideo, add_video
from reelworks.store.search.publish_vectors import publish_segment_vectors
from tests.support.published import EMBEDDED, TALK, described, publish_all


@pytest.fixture(autouse=True)
def library(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("TRUNCATE videos, sources CASCADE"))
    publish_all(engine, "talk", TALK, described("one", "two"))
    add_video(engine, NewVideo("film", "/film.mp4", "A film", "films"))


def test_videos_are_listed_newest_first_of_one_library_or_all(engine: Engine) -> None:
    assert [one.id for one in list_videos(engine)] == ["film", "talk"]
    assert [one.id for one in list_videos(engine, library="films")] == ["film"]


def test_everything_is_counted_also_vectors_in_side_tables(engine: Engine) -> None:
    publish_segment_vectors(engine, "talk", [[1.0] * 2, None, [0.5] * 2], "hosted/five")
    found = count_all(engine)
    assert found.videos == {"ready": 1, "pending": 1}
    assert (found.scenes, found.frames, found.segments, found.captions) == (2, 2, 3, 2)
    assert found.hours == pytest.approx(6 / 3600)
    assert found.embeddings == {EMBEDDED: 5, "hosted/five": 2}


def test_a_video_is_gone_when_every_file_of_it_is(engine: Engine) -> None:
    with transaction(engine) as connection:
        for number in range(2):
            connection.execute(
                text(
                    "INSERT INTO sources (library, locator, root, size, stamp, video_id, gone_at)"
                    " VALUES ('default', :one, '/', 1, '1', 'talk',"
                    " CASE WHEN :number = 0 THEN now() END)"
                ),
                {"one": f"/{number}.mp4", "number": number},
            )
    assert get_summary(engine, "talk").gone_at is None
    with transaction(engine) as connection:
        connection.execute(text("UPDATE sources SET gone_at = now()"))
    assert get_summary(engine, "talk").gone_at is not None


def test_a_deleted_video_takes_its_rows_along(engine: Engine) -> None:
    delete_video(engine, "talk")
    found = count_all(engine)
    assert (found.scenes, found.frames, found.segments, found.embeddings) == (0, 0, 0, {})
    for read in (get_summary, delete_video):
        with pytest.raises(UnknownVideoError, match="talk"):
            read(engine, "talk")


def test_a_video_without_a_result_is_counted(engine: Engine) -> None:
    publish_all(engine, "silent", TALK, VisionResult())
    assert count_all(engine).videos == {"ready": 2, "pending": 1}
