"""What pages show of many videos at a glance."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.jobs.job import Failure, NewJob
from reelworks.store.db.database import transaction
from reelworks.store.jobs import claims, leases
from reelworks.store.jobs.attempts import Attempt
from reelworks.store.jobs.jobs import add_jobs, get_job
from reelworks.store.library import listing_queries as shelf

_FRAME = (
    "INSERT INTO frames (id, video_id, scene_id, t, phash, sha256, path, width, height, sharpness,"
    " model, revision) VALUES (:id, :video, :scene, :t, '0000000000000000', 'x', :id, 8, 8,"
    " :sharp, 'm', '')"
)


@pytest.fixture(autouse=True)
def library(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("TRUNCATE videos, jobs CASCADE"))
        for video, library, language in (
            ("a", "one", "en"),
            ("b", "two", "de"),
            ("c", "two", None),
        ):
            row = {"id": video, "library": library, "language": language}
            connection.execute(
                text(
                    "INSERT INTO videos (id, original_path, title, library, language)"
                    " VALUES (:id, '/x', upper(:id), :library, :language)"
                ),
                row,
            )


def test_choices_are_the_libraries_and_languages_that_there_are(engine):
    found = shelf.choices(engine)

    assert found.libraries == {"one": 1, "two": 2}
    assert found.languages == ["de", "en"]
    assert found.total == 3


def test_a_poster_is_the_sharpest_of_the_first_five_frames(engine):
    with transaction(engine) as connection:
        connection.execute(
            text(
                "INSERT INTO scenes (id, video_id, t_start, t_end, model, revision)"
                " VALUES ('a_scene_000', 'a', 0, 9, 'm', '')"
            )
        )
        for number, sharp in enumerate([1.0, 5.0, 3.0, 5.0, 2.0, 99.0]):
            values = {"id": f"a_frame_{number:03d}", "video": "a", "scene": "a_scene_000"}
            connection.execute(text(_FRAME), {**values, "t": float(number), "sharp": sharp})

    assert shelf.posters(engine, ["a", "b"]) == {"a": "a_frame_001"}
    assert shelf.posters(engine, []) == {}


def test_the_newest_job_of_each_video_is_found(engine):
    add_jobs(engine, [NewJob("old", "a")])
    add_jobs(engine, [NewJob("new", "a"), NewJob("other", "b")])

    found = shelf.latest_jobs(engine, ["a", "b", "c"])

    assert {video: job.id for video, job in found.items()} == {"a": "new", "b": "other"}


def test_titles_are_found_by_id(engine):
    assert shelf.titles(engine, ["a", "c", "gone"]) == {"a": "A", "c": "C"}


def test_the_codes_of_failures_are_known(engine):
    assert shelf.failure_codes(engine) == []
    add_jobs(engine, [NewJob("one", "a")])
    claims.claim(engine, "test", 60, limit=10)
    attempt = Attempt("one", get_job(engine, "one").attempts)
    leases.begin(engine, attempt, "run", 60)
    failure = Failure("It is busy.", "rate_limited")
    leases.fail(engine, attempt, "run", failure, most_attempts=1)

    assert shelf.failure_codes(engine) == ["rate_limited"]
