"""Where the file of a job's video is."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.jobs.job import NewJob
from reelworks.store.db.database import transaction
from reelworks.store.jobs.job_sources import source_of
from reelworks.store.jobs.jobs import add_jobs

pytestmark = pytest.mark.usefixtures("empty_queue")


def test_a_job_s_source_is_the_upload_or_where_the_video_came_from(engine: Engine) -> None:
    of_video, without = add_jobs(engine, [NewJob("a", "v"), NewJob("b", None, kind="sync")])
    assert source_of(engine, of_video, "films") == "/v.mp4"
    assert source_of(engine, without, "films") is None
    with transaction(engine) as connection:
        connection.execute(text("UPDATE videos SET upload_path = 'uploads/v.mp4'"))
    assert source_of(engine, of_video, "films") == "s3://films/uploads/v.mp4"
