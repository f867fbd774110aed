"""A stage is recomputed of many videos, by admins."""

from __future__ import annotations

import pytest

from reelworks.domain.jobs.job import BACKFILL, INTERACTIVE, JobSelection
from reelworks.domain.library.access import LOCAL
from reelworks.domain.library.selection import VideoSelection
from reelworks.errors import ForbiddenError, UnknownVideoError
from reelworks.operations.rerun import rerun_stage
from reelworks.operations.services import Services
from reelworks.pipeline.spec import Stage
from reelworks.store.jobs.jobs import list_jobs
from reelworks.store.library.video_writes import NewVideo, add_video
from tests.support.submissions import ANN


@pytest.fixture(autouse=True)
def videos(library: Services) -> None:
    for video_id in ("talk", "film"):
        add_video(library.engine, NewVideo(video_id, f"/{video_id}.mp4", video_id))


def test_a_rerun_is_for_admins(library: Services) -> None:
    with pytest.raises(ForbiddenError):
        rerun_stage(library.engine, ANN, Stage.VISION, VideoSelection())


def test_one_video_is_done_at_once_and_many_after_everything_else(library: Services) -> None:
    (job,) = rerun_stage(library.engine, LOCAL, Stage.VISION, VideoSelection(ids=("talk",)))
    assert (job.params, job.priority) == ({"recompute": ["vision"]}, INTERACTIVE)

    jobs = rerun_stage(library.engine, LOCAL, Stage.VISION, VideoSelection(), job_id="again")
    assert {job.id for job in jobs} == {"again-talk", "again-film"}
    assert {job.priority for job in jobs} == {BACKFILL}


def test_the_same_job_id_queues_nothing_twice(library: Services) -> None:
    for _ in range(2):
        rerun_stage(library.engine, LOCAL, Stage.VISION, VideoSelection(), job_id="again")
    assert len(list_jobs(library.engine, JobSelection(), limit=9)) == 2


def test_a_video_that_is_not_there_is_named(library: Services) -> None:
    with pytest.raises(UnknownVideoError, match="nope"):
        rerun_stage(library.engine, LOCAL, Stage.VISION, VideoSelection(ids=("talk", "nope")))
    assert list_jobs(library.engine, JobSelection(), limit=9) == []
